package dev.cloister.emulator.cpu;

import dev.cloister.emulator.Executor;

/** What became of one call of {@link Executor#step()}; the set is closed. */
public enum StepResult {
    /** The instruction completed and RIP moved on. */
    COMPLETED,
    /** A repeated string instruction stopped at its bound with RIP still on it: step again. */
    REPEATING,
    /** HLT completed, and RIP is behind it; or an x87 instruction waits on itself for FERR# to be handled. */
    HALTED,
    /** The instruction raised an exception: nothing changed, but for a debug trap (#DB), which follows its instruction; see {@link Executor#vector()}. */
    EXCEPTION,
    /** Delivery of an exception ended in a triple fault. */
    SHUTDOWN,
    /** The executor doesn't implement this instruction or this variant of it: nothing changed, see {@link Executor#reason()}. */
    UNSUPPORTED
}
