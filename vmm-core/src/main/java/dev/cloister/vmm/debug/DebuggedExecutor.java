package dev.cloister.vmm.debug;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import org.jspecify.annotations.Nullable;

/**
 * The emulator's side of debugging and tracing, for any engine that executes with an {@link Executor}: {@link #run} in the place of
 * {@link Executor#run}. Without stop points, step and trace it is {@link Executor#run} of the engine's own executor; with them every
 * instruction goes through {@link Executor#step} of a second one, over the same registers and a {@link WatchedMemory} in front of the
 * same memory. The engine asks its machine whether it may run after each call (a stop that was reported says no), and shows the registers
 * through a {@link DebugTarget}. One thread, the vCPU's.
 */
public final class DebuggedExecutor {
    private final int vcpu;
    private final @Nullable VcpuDebug debug;
    private final @Nullable Trace trace;
    private final CpuState state;
    private final Executor plain;
    private final Executor executor;
    private final WatchedMemory memory;

    /**
     * What executes.
     *
     * @param state the registers of both executors
     * @param plain the engine's own executor
     * @param watched one over {@code memory}; may be the same
     * @param memory in front of what {@code plain} executes over
     */
    public record Executors(CpuState state, Executor plain, Executor watched, WatchedMemory memory) {}

    /**
     * Joins executors to a debugger or a trace or both.
     *
     * @param vcpu the vCPU's number
     * @param debug the vCPU's part in debugging, or null
     * @param trace where instructions and events are told, or null
     * @param executors what executes
     */
    public DebuggedExecutor(int vcpu, @Nullable VcpuDebug debug, @Nullable Trace trace, Executors executors) {
        this.vcpu = vcpu;
        this.debug = debug;
        this.trace = trace;
        this.state = executors.state();
        this.plain = executors.plain();
        this.executor = executors.watched();
        this.memory = executors.memory();
    }

    /** Before anything is delivered or executed: stands still as long as only other vCPUs shall run. */
    public void standIfHeld() {
        VcpuDebug watching = debug;
        if (watching != null) {
            watching.standIfHeld();
        }
    }

    /**
     * Executes instructions and delivers their exceptions, until one is neither completed nor repeating, or something stops the
     * vCPU, or the bound is reached.
     *
     * @param maximum the bound, at least 1
     * @return the last result, COMPLETED also where nothing was executed because of a stop; never EXCEPTION
     */
    public StepResult run(int maximum) {
        VcpuDebug watching = debug;
        if (watching != null) {
            if (trace == null && !watching.isWatched()) {
                return watching.isStopping() ? StepResult.COMPLETED : plain.run(maximum);
            }
        }
        StepResult result = StepResult.COMPLETED;
        for (int n = 0; n < maximum && goesOn(result); n++) {
            if (watching != null && (watching.isStopping() || watching.stopsBefore(state))) {
                return StepResult.COMPLETED;
            }
            result = one(watching);
        }
        return result;
    }

    private static boolean goesOn(StepResult result) {
        return result == StepResult.COMPLETED || result == StepResult.REPEATING;
    }

    private static boolean completed(StepResult result) {
        return goesOn(result) || result == StepResult.HALTED;
    }

    private void tell(StepResult result, int selector, long rip) {
        Trace told = trace;
        if (told == null) {
            return;
        }
        if (completed(result)) {
            told.instruction(vcpu, selector, rip, executor.text());
        } else if (result == StepResult.EXCEPTION) {
            String text = executor.length() == 0 ? "" : executor.text();
            told.exception(vcpu, executor.vector(), executor.errorCode(), executor.faultAddress(), rip, text);
        }
    }

    private StepResult one(@Nullable VcpuDebug watching) {
        memory.begin(watching == null ? StopPlan.EMPTY : watching.plan());
        int selector = state.segment(CpuState.CS).selector();
        long rip = state.rip();
        StepResult result = executor.step();
        boolean faulted = result == StepResult.EXCEPTION;
        tell(result, selector, rip);
        if (faulted) {
            result = executor.delivery()
                    .deliverException(executor.vector(), executor.errorCode(), executor.faultAddress());
        }
        if (watching != null && completed(result)) {
            StopPoint touched = faulted ? null : memory.touched();
            watching.stopsAfter(touched, memory.address(), result == StepResult.REPEATING);
        }
        return result;
    }

    /**
     * Whether an interrupt that could be taken now shall wait: a single step is to be made. Not to be asked for a vCPU that is halted.
     *
     * @return true to let it wait
     */
    public boolean holdsInterrupts() {
        VcpuDebug watching = debug;
        return watching != null && watching.isStepping();
    }

    /**
     * Delivers an interrupt and tells the trace.
     *
     * @param vector 0 to 255
     * @return as the emulator's delivery says
     */
    public StepResult interrupt(int vector) {
        Trace told = trace;
        if (told != null) {
            told.interrupt(vcpu, vector, state.rip());
        }
        return executor.delivery().deliverInterrupt(vector);
    }
}
