package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Signals from one eventfd to another: doorbells and events, whose surplus is dropped, or credit, which waits for its budget. */
final class SignalLane extends Lane {
    private static final int COUNTER = 8;
    /** What an eventfd takes without ever being full in the life of a channel. */
    private static final long MOST = 1L << 32;

    private final @Nullable ByteLane credits;
    private long waiting;

    /** Events: what is above the bounds is dropped and counted. */
    SignalLane(Fd source, Fd sink, Bounds bounds, Listener listener) {
        super(source, sink, bounds, listener);
        this.credits = null;
    }

    /** Credit for bytes of another lane: what is above the bounds waits. */
    SignalLane(Fd source, Fd sink, Bounds bounds, Listener listener, ByteLane credits) {
        super(source, sink, bounds, listener);
        this.credits = credits;
    }

    @Override
    long transfer(MemorySegment buffer, long may, long now) throws ErrnoException {
        MemorySegment eight = buffer.asSlice(0, COUNTER);
        long came = Pipe.read(source, eight) > 0 ? Math.clamp(eight.get(ValueLayout.JAVA_LONG, 0), 0, MOST) : 0;
        long there = Math.min(MOST, waiting + came);
        long passing = Math.min(there, may);
        // What a lease may still let pass waits; what is too fast is lost, as signals that merge are.
        boolean keeps = credits != null || isMetered();
        waiting = keeps ? there - passing : 0;
        drop(keeps ? 0 : there - passing);
        if (passing > 0) {
            if (credits != null) {
                credits.credit(passing);
            }
            signal(sink, eight, passing);
            passed(passing);
        }
        return waiting > 0 ? 0 : UNTIL_READY;
    }

    @Override
    boolean pending() {
        return waiting > 0;
    }
}
