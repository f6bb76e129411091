package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Signals from one eventfd to another: doorbells and events, whose surplus is dropped, or what goes back against a channel's direction,
 * which waits for a tick of its budget's clock.
 */
final class SignalLane extends Lane {
    private static final int COUNTER = 8;
    /** What an eventfd takes without ever being full in the life of a channel. */
    private static final long MOST = 1L << 32;

    private final @Nullable ByteLane credits;
    private final @Nullable Ticks ticks;
    private long waiting;

    /** Events: what is above the bounds is dropped and counted. */
    SignalLane(Fd source, Fd sink, Bounds bounds, Listener listener) {
        super(source, sink, bounds, listener);
        this.credits = null;
        this.ticks = null;
    }

    /**
     * What goes back: at so many ticks in a second, one at each. Credit for bytes of another lane waits for them; without such a lane
     * what has no tick of its own is dropped.
     */
    SignalLane(Fd source, Fd sink, long perSecond, Listener listener, @Nullable ByteLane credits) {
        super(source, sink, Bounds.NONE, listener);
        this.credits = credits;
        this.ticks = new Ticks(perSecond, System.nanoTime());
    }

    @Override
    long transfer(MemorySegment buffer, long may, long now) throws ErrnoException {
        MemorySegment eight = buffer.asSlice(0, COUNTER);
        long came = Pipe.read(source, eight) > 0 ? Math.clamp(eight.get(ValueLayout.JAVA_LONG, 0), 0, MOST) : 0;
        if (ticks != null) {
            return back(ticks, eight, came, now);
        }
        long there = Math.min(MOST, waiting + came);
        long passing = Math.min(there, may);
        // What a lease may still let pass waits; what is too fast is lost, as signals that merge are.
        waiting = isMetered() ? there - passing : 0;
        drop(there - passing - waiting);
        give(eight, passing);
        return waiting > 0 ? 0 : UNTIL_READY;
    }

    /** What goes back passes at ticks; what else there was at a tick waits if it is credit. */
    private long back(Ticks clock, MemorySegment eight, long came, long now) throws ErrnoException {
        if (waiting == 0 && came > 0) {
            clock.arrive(now);
        }
        long there = Math.min(MOST, waiting + came);
        long passing = clock.take(there, now);
        waiting = credits != null || passing == 0 ? there - passing : 0;
        drop(there - passing - waiting);
        give(eight, passing);
        return waiting > 0 ? clock.next() : UNTIL_READY;
    }

    private void give(MemorySegment eight, long count) throws ErrnoException {
        if (count > 0) {
            if (credits != null) {
                credits.credit(count);
            }
            signal(sink, eight, count);
            passed(count);
        }
    }

    @Override
    boolean pending() {
        return waiting > 0;
    }
}
