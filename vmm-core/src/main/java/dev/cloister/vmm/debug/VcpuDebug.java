package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;
import org.jspecify.annotations.Nullable;

/**
 * One vCPU's part in debugging: whether it stands while others run, whether it makes a single step, and what to check before and
 * after each instruction. Used by the vCPU's thread, except where it says otherwise; allocates only when something stops.
 */
public final class VcpuDebug {
    private static final long LOW_32 = 0xffff_ffffL;

    private final int id;
    private final Debugger debugger;
    private final Translation translation = new Translation();
    private volatile Debugger.Action action = Debugger.Action.RUN;
    private boolean passes;
    private long passAddress;
    private @Nullable WalkContext context;
    private @Nullable PageWalker walker;

    VcpuDebug(int id, Debugger debugger) {
        this.id = id;
        this.debugger = debugger;
    }

    /**
     * The vCPU's number.
     *
     * @return 0 for the first
     */
    public int id() {
        return id;
    }

    /** Debugger's thread, while all stand still. */
    void set(Debugger.Action next) {
        action = next;
    }

    /** The instruction at this linear address is executed next time, though a stop point is there. While all stand still. */
    void passOnce(long gva) {
        passes = true;
        passAddress = gva;
    }

    /**
     * Whether instructions must be executed one by one: a step is to be made, or there are stop points.
     *
     * @return true if so
     */
    public boolean isWatched() {
        return action == Debugger.Action.STEP || !debugger.plan().isEmpty();
    }

    /**
     * Whether one instruction is to be executed: interrupts then wait, unless the vCPU is halted.
     *
     * @return true if so
     */
    public boolean isStepping() {
        return action == Debugger.Action.STEP;
    }

    /**
     * Whether the vCPU shall leave the guest to stand still.
     *
     * @return true from the first event on until the resume
     */
    public boolean isStopping() {
        return debugger.isStopping();
    }

    /** Before running: stands still as long as only others shall run. Returns when this vCPU may run or the machine ends. */
    public void standIfHeld() {
        if (action == Debugger.Action.HOLD) {
            debugger.machine().standWhile(() -> action == Debugger.Action.HOLD);
        }
    }

    /**
     * The stop points in force.
     *
     * @return an immutable plan
     */
    public StopPlan plan() {
        return debugger.plan();
    }

    /**
     * Before an instruction: whether a stop point is here. If so it is reported; the vCPU is to stand still.
     *
     * @param state the registers
     * @return true to execute nothing
     */
    public boolean stopsBefore(CpuState state) {
        StopPlan plan = debugger.plan();
        if (plan.isEmpty()) {
            passes = false;
            return false;
        }
        long gva = instructionAddress(state);
        if (passes && passAddress == gva) {
            return false;
        }
        passes = false;
        StopPoint met = met(plan, state, gva);
        if (met == null) {
            return false;
        }
        debugger.stop(new StopEvent(StopEvent.Kind.BREAKPOINT, id, met, gva, ""));
        return true;
    }

    /**
     * Whether the instruction that comes next was stopped at already and is to be executed now.
     *
     * @param state the registers
     * @return true once after such a stop
     */
    public boolean passes(CpuState state) {
        return passes && passAddress == instructionAddress(state);
    }

    private @Nullable StopPoint met(StopPlan plan, CpuState state, long gva) {
        if (plan.stopsAt(gva)) {
            return new StopPoint(StopPoint.Kind.EXECUTE, gva, 1);
        }
        if (plan.mayStopAtGpa(gva)) {
            long gpa = translate(state, gva);
            if (gpa >= 0 && plan.stopsAtGpa(gpa)) {
                return new StopPoint(StopPoint.Kind.EXECUTE_GPA, gpa, 1);
            }
        }
        return null;
    }

    private long translate(CpuState state, long gva) {
        WalkContext known = context;
        PageWalker walks = walker;
        if (known == null || walks == null) {
            known = debugger.machine().walkContext();
            walks = new PageWalker(debugger.machine().memory());
            context = known;
            walker = walks;
        }
        known.set(state.cr0(), state.cr3(), state.cr4(), state.efer(), 0, state.rflags() | Flags.AC);
        return walks.walk(known, gva, AccessKind.READ, false, translation) ? translation.gpa() : -1;
    }

    /**
     * After an instruction (or a bounded part of a repeated one): whether the vCPU is to stand still, because it made its step or
     * touched what is watched. Reported if so.
     *
     * @param touched the watched range that it touched, or null
     * @param gva where it touched it
     * @param repeats whether the instruction goes on where it is
     * @return true to execute nothing more
     */
    public boolean stopsAfter(@Nullable StopPoint touched, long gva, boolean repeats) {
        passes &= repeats;
        boolean stepped = isStepping();
        if (touched != null) {
            debugger.stop(new StopEvent(StopEvent.Kind.WATCHPOINT, id, touched, gva, ""));
            return true;
        }
        if (stepped) {
            debugger.stop(StopEvent.of(StopEvent.Kind.STEP, id));
        }
        return stepped;
    }

    /**
     * The guest did what cannot be continued: lets a debugger look at it. Returns when it goes on or the machine ends.
     *
     * @param what one line
     */
    public void fault(String what) {
        debugger.stop(new StopEvent(StopEvent.Kind.FAULT, id, null, 0, what));
        debugger.machine().standWhile(debugger::isStopping);
    }

    /**
     * The linear address of the next instruction.
     *
     * @param state the registers
     * @return CS.base + RIP, cut to 32 bits outside 64-bit mode
     */
    public static long instructionAddress(CpuState state) {
        long gva = state.segment(CpuState.CS).base() + state.rip();
        return state.mode().bits() == 64 ? gva : gva & LOW_32;
    }
}
