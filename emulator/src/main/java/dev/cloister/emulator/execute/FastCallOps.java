package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;

/** SYSCALL, SYSRET, SYSENTER and SYSEXIT (Intel SDM vol. 2). */
public final class FastCallOps {
    private static final int MSR_STAR = 0xC0000081;
    private static final int MSR_LSTAR = 0xC0000082;
    private static final int MSR_CSTAR = 0xC0000083;
    private static final int MSR_SFMASK = 0xC0000084;
    private static final int MSR_SYSENTER_CS = 0x174;
    private static final int MSR_SYSENTER_ESP = 0x175;
    private static final int MSR_SYSENTER_EIP = 0x176;
    private static final int FLAT =
            SegmentRegister.PRESENT | SegmentRegister.NON_SYSTEM | SegmentRegister.GRANULARITY | 3;
    private static final int CODE = FLAT | 8;
    private static final int STACK = FLAT | SegmentRegister.DEFAULT_BIG;

    private FastCallOps() {}

    public static void register(HandlerRegistry table) {
        table.put(FastCallOps::syscall, "syscall");
        table.put(FastCallOps::sysret, "sysretq", "sysretd");
        table.put(FastCallOps::sysenter, "sysenter");
        table.put(FastCallOps::sysexit, "sysexitq", "sysexitd");
    }

    private static void segments(Execution x, int code, int codeAttributes, int stack, int cpl) {
        x.protectSegments();
        x.state.segment(CpuState.CS).set(code & ~3 | cpl, 0, -1, codeAttributes | cpl << 5);
        x.state.segment(CpuState.SS).set(stack & ~3 | cpl, 0, -1, STACK | cpl << 5);
    }

    private static int codeAttributes(boolean wide) {
        return CODE | (wide ? SegmentRegister.LONG : SegmentRegister.DEFAULT_BIG);
    }

    /** In compatibility and legacy mode these are AMD's; no software relies on the #UD of others there. */
    private static void requireSyscall(Execution x) {
        if (!x.mode.usesDescriptors() || (x.state.efer() & ControlBits.EFER_SCE) == 0) {
            throw x.fault(CpuException.UD);
        }
    }

    private static void syscall(Execution x, Instruction i) {
        requireSyscall(x);
        long star = x.needMsr(MSR_STAR);
        int selector = (int) (star >>> 32) & 0xFFFF;
        CpuState state = x.state;
        boolean isLong = state.isLongActive();
        long target = isLong ? x.needMsr(x.long64 ? MSR_LSTAR : MSR_CSTAR) : star & 0xFFFFFFFFL;
        long mask = isLong ? x.needMsr(MSR_SFMASK) : Flags.IF | Flags.VM;
        state.gprs()[CpuState.RCX] = x.nextRip;
        if (isLong) {
            state.gprs()[11] = state.rflags() & ~Flags.RF;
        }
        state.setRflags(state.rflags() & ~(mask | Flags.RF) | Flags.RESERVED);
        segments(x, selector, codeAttributes(isLong), selector + 8, 0);
        x.debug.followTrapFlag();
        x.nextRip = target;
    }

    private static void sysret(Execution x, Instruction i) {
        requireSyscall(x);
        if (x.state.isLongActive() && !x.long64) {
            // Also AMD's processors refuse it in compatibility mode.
            throw x.fault(CpuException.UD);
        }
        x.requireSupervisor();
        boolean wide = i.rexW();
        CpuState state = x.state;
        long target = state.gprs()[CpuState.RCX];
        if (wide && !x.segmentation.isCanonical(target)) {
            throw x.fault(CpuException.GP);
        }
        int star = (int) (x.needMsr(MSR_STAR) >>> 48);
        long keep = Flags.ALL & ~(Flags.RF | Flags.VM);
        if (state.isLongActive()) {
            state.setRflags(state.gprs()[11] & keep | Flags.RESERVED);
        } else {
            state.setRflags(state.rflags() | Flags.IF);
        }
        segments(x, wide ? star + 16 : star, codeAttributes(wide), star + 8, 3);
        x.debug.followTrapFlag();
        x.nextRip = wide ? target : target & 0xFFFFFFFFL;
    }

    private static int sysenterCode(Execution x) {
        int selector = (int) x.needMsr(MSR_SYSENTER_CS) & 0xFFFF;
        if (x.mode == CpuMode.REAL || (selector & ~3) == 0) {
            throw x.fault(CpuException.GP);
        }
        return selector;
    }

    private static void sysenter(Execution x, Instruction i) {
        int selector = sysenterCode(x);
        boolean wide = x.state.isLongActive();
        long mask = wide ? -1L : 0xFFFFFFFFL;
        x.state.gprs()[CpuState.RSP] = x.needMsr(MSR_SYSENTER_ESP) & mask;
        x.nextRip = x.needMsr(MSR_SYSENTER_EIP) & mask;
        x.state.setRflags(x.state.rflags() & ~(Flags.VM | Flags.IF | Flags.RF));
        segments(x, selector, codeAttributes(wide), (selector & ~3) + 8, 0);
    }

    private static void sysexit(Execution x, Instruction i) {
        int selector = sysenterCode(x) & ~3;
        x.requireSupervisor();
        boolean wide = i.rexW();
        long mask = wide ? -1L : 0xFFFFFFFFL;
        long target = x.state.gprs()[CpuState.RDX] & mask;
        long stack = x.state.gprs()[CpuState.RCX] & mask;
        if (wide && !(x.segmentation.isCanonical(target) && x.segmentation.isCanonical(stack))) {
            throw x.fault(CpuException.GP);
        }
        x.state.gprs()[CpuState.RSP] = stack;
        x.nextRip = target;
        segments(x, selector + (wide ? 32 : 16), codeAttributes(wide), selector + (wide ? 40 : 24), 3);
    }
}
