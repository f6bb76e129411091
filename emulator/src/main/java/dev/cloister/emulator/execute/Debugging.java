package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/**
 * Breakpoints and single step (Intel SDM vol. 3, 18.2 and 18.3). An instruction breakpoint is a fault before the
 * instruction; data and port breakpoints and the single step are traps behind it, collected while it executes.
 */
public final class Debugging {
    /** DR7.GD: moves to and from debug registers fault. */
    static final long GENERAL_DETECT = 1 << 13;
    /** DR6.BD: that was the fault. */
    static final long DETECTED = 1 << 13;
    /** DR6.BS: single step. */
    static final long STEP = 1 << 14;
    /** DR6.BT: a task whose TSS asked for it was entered. */
    static final long TASK = 1 << 15;

    private static final long HITS = 15;
    private static final long ENABLED = 0xFF;
    private static final int REGISTERS = 4;
    private static final int ON_EXECUTE = 0;
    private static final int ON_WRITE = 1;
    private static final int ON_PORT = 2;
    private static final int[] LENGTHS = {1, 2, 8, 4};

    private static final int MSR_CONTROL = 0x1D9;
    /** IA32_DEBUGCTL.BTF: single step traps behind branches alone (18.4.3). */
    private static final long BRANCHES = 2;
    /** What a debug exception clears in IA32_DEBUGCTL. */
    private static final long UNTIL_EXCEPTION = BRANCHES | 1;

    private final Execution x;
    private final CpuState state;
    /** Whether breakpoints are on at all; fixed for an instruction. */
    boolean watching;

    private boolean stepping;
    private long traps;

    Debugging(Execution x) {
        this.x = x;
        this.state = x.state;
    }

    /**
     * Whether instructions must be executed one at a time, each with its checks: a breakpoint is on, RFLAGS.TF is set, or
     * a trap waits.
     *
     * @param state any processor's
     * @return true if so
     */
    public static boolean isArmed(CpuState state) {
        return (state.dr(7) & ENABLED) != 0
                || state.flag(Flags.TF)
                || state.events().debugTraps() != 0;
    }

    /** Starts an instruction. */
    void begin() {
        watching = (state.dr(7) & ENABLED) != 0;
        stepping = state.flag(Flags.TF);
        traps = 0;
    }

    /** Whether a repeated string instruction must stop after an iteration for a trap. */
    boolean wantsTrap() {
        return stepping || traps != 0;
    }

    /** TF was set or cleared in the middle of an instruction whose trap follows the new value: SYSCALL, SYSRET. */
    void followTrapFlag() {
        stepping = state.flag(Flags.TF);
    }

    /** The instruction entered a handler: the single step ends here. */
    void stopStepping() {
        stepping = false;
    }

    void addTrap(long bits) {
        traps |= bits;
    }

    /** A #DB fault: DR6 says why at once. */
    CpuException fault(long bits) {
        report(bits);
        return x.fault(CpuException.DB);
    }

    /** INT1 is a debug exception itself: traps that wait are told of with it. */
    void joinPending() {
        long due = state.events().debugTraps();
        if (due != 0) {
            state.events().setDebugTraps(0);
            report(due);
        }
    }

    /** The hit bits are those of this exception alone; the others only ever get set. */
    private void report(long bits) {
        state.setDr(6, state.dr(6) & ~HITS | bits);
        endBranchStepping();
    }

    /** A debug exception ends stepping by branches: whoever wants more of it sets the flag again (18.4.3). */
    void endBranchStepping() {
        if (x.readMsr(MSR_CONTROL) && (x.msr[0] & UNTIL_EXCEPTION) != 0) {
            x.environment.writeMsr(MSR_CONTROL, x.msr[0] & ~UNTIL_EXCEPTION);
        }
    }

    private boolean stepsHere() {
        return stepping && (x.branched || !x.readMsr(MSR_CONTROL) || (x.msr[0] & BRANCHES) == 0);
    }

    /**
     * Raises the fault of an instruction breakpoint at CS:RIP unless RFLAGS.RF is set, or SS was just loaded.
     */
    public void checkFetch() {
        if (watching && !isFetchExcused()) {
            matchFetch();
        }
    }

    private boolean isFetchExcused() {
        return state.flag(Flags.RF) || state.interruptShadow() && state.events().afterStackLoad();
    }

    private void matchFetch() {
        long linear = x.long64 ? state.rip() : state.segment(CpuState.CS).base() + state.rip() & 0xFFFFFFFFL;
        long hits = 0;
        for (int n = 0; n < REGISTERS; n++) {
            if (isEnabled(n) && kind(n) == ON_EXECUTE && state.dr(n) == linear) {
                hits |= 1L << n;
            }
        }
        if (hits != 0) {
            throw fault(hits);
        }
    }

    private boolean isEnabled(int n) {
        return (state.dr(7) >>> 2 * n & 3) != 0;
    }

    private int kind(int n) {
        return (int) (state.dr(7) >>> 16 + 4 * n) & 3;
    }

    private boolean covers(int n, long first, int size) {
        int length = LENGTHS[(int) (state.dr(7) >>> 18 + 4 * n) & 3];
        long start = state.dr(n) & -length;
        return Long.compareUnsigned(first, start + length - 1) <= 0
                && Long.compareUnsigned(start, first + size - 1) <= 0;
    }

    /** Data was accessed. */
    void access(long linear, int size, boolean write) {
        for (int n = 0; n < REGISTERS; n++) {
            int kind = kind(n);
            boolean wanted = kind == 3 || kind == ON_WRITE && write;
            if (wanted && isEnabled(n) && covers(n, linear, size)) {
                traps |= 1L << n;
            }
        }
    }

    /** A port was accessed. */
    void port(int port, int size) {
        if (!watching || (state.cr4() & ControlBits.CR4_DE) == 0) {
            return;
        }
        for (int n = 0; n < REGISTERS; n++) {
            if (kind(n) == ON_PORT && isEnabled(n) && covers(n, port, size)) {
                traps |= 1L << n;
            }
        }
    }

    /**
     * Ends an instruction that completed: decides whether a debug trap is to be delivered now.
     *
     * @param stackLoad whether it loaded SS, which holds all debug traps off for one instruction
     * @return true where #DB is due; DR6 says why
     */
    boolean finish(boolean stackLoad) {
        long due = traps | state.events().debugTraps();
        if (stackLoad) {
            state.events().setDebugTraps(due);
            return false;
        }
        if (stepsHere()) {
            due |= STEP;
        }
        state.events().setDebugTraps(0);
        if (due != 0) {
            report(due);
        }
        return due != 0;
    }
}
