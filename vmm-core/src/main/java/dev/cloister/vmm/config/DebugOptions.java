package dev.cloister.vmm.config;

import dev.cloister.vmm.debug.StopPoint;
import dev.cloister.vmm.debug.Trace;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a guest is looked at while it runs.
 *
 * @param breakpoints {@code gpa:ADDRESS} or {@code gva:ADDRESS} each: where it stops
 * @param gdb where a gdb may connect, or null; the machine closes it
 * @param trace where instructions and events are recorded, or null; the machine closes it
 * @param traceLimit the most bytes of that record, {@link #LEAST_TRACE} or more
 * @param say takes what a person is told at a stop: lines, the last without a line feed
 */
public record DebugOptions(
        List<String> breakpoints,
        @Nullable GdbListener gdb,
        @Nullable OutputStream trace,
        long traceLimit,
        Consumer<String> say) {
    /** Nobody looks. */
    public static final DebugOptions NONE = new DebugOptions(List.of(), null, null, Trace.DEFAULT_LIMIT, _ -> {});

    /** The bound of a trace where none is given, in bytes. */
    public static final long DEFAULT_TRACE = Trace.DEFAULT_LIMIT;

    /** The least bound of a trace, in bytes. */
    public static final long LEAST_TRACE = Trace.LEAST_LIMIT;

    /**
     * Checks everything.
     *
     * @throws IllegalArgumentException for a breakpoint or a bound that cannot be
     */
    public DebugOptions {
        breakpoints = List.copyOf(breakpoints);
        breakpoints.forEach(StopPoint::parse);
        if (traceLimit < LEAST_TRACE) {
            throw new IllegalArgumentException(
                    "a trace of at most " + traceLimit + " bytes; expected " + LEAST_TRACE + " or more");
        }
    }

    /** Whether the guest may be stopped. */
    public boolean stops() {
        return gdb != null || !breakpoints.isEmpty();
    }

    /** Whether anything is asked for. */
    public boolean isActive() {
        return stops() || trace != null;
    }
}
