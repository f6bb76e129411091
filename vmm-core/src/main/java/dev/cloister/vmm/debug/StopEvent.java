package dev.cloister.vmm.debug;

import org.jspecify.annotations.Nullable;

/**
 * Why the guest stands still.
 *
 * @param kind what happened
 * @param vcpu on which vCPU
 * @param point the stop point, for {@link Kind#BREAKPOINT} and {@link Kind#WATCHPOINT}
 * @param address the linear address: of the instruction, or of the first byte accessed
 * @param text for {@link Kind#FAULT} what the fault is, else empty
 */
public record StopEvent(Kind kind, int vcpu, @Nullable StopPoint point, long address, String text) {
    /** What happened. */
    public enum Kind {
        /** The guest is before its first instruction, or somebody asked. */
        ASKED,
        /** An instruction was to be executed that is a stop point; it was not. */
        BREAKPOINT,
        /** A watched access was made. */
        WATCHPOINT,
        /** A single step was made. */
        STEP,
        /** The guest did what cannot be continued; going on ends it. */
        FAULT
    }

    /**
     * A stop without a stop point.
     *
     * @param kind what happened
     * @param vcpu on which vCPU
     * @return the event
     */
    public static StopEvent of(Kind kind, int vcpu) {
        return new StopEvent(kind, vcpu, null, 0, "");
    }
}
