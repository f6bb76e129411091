package dev.cloister.devices.timer;

import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * The monotonic time of one guest in nanoseconds: 0 at its first start, never backwards, standing still whenever the guest does. Reading
 * takes one volatile read; any thread.
 */
public final class GuestClock {
    private final LongSupplier host;
    private volatile State state = new State(false, 0);

    /** Running: the host's time at guest time 0. Standing still: the guest's time. */
    private record State(boolean running, long value) {}

    /** A clock that follows {@link System#nanoTime()}, standing still at 0. */
    public GuestClock() {
        this(System::nanoTime);
    }

    /**
     * A clock that follows another, standing still at 0.
     *
     * @param host a monotonic time in nanoseconds; called from any thread
     */
    public GuestClock(LongSupplier host) {
        this.host = Objects.requireNonNull(host);
    }

    /**
     * The guest's time.
     *
     * @return nanoseconds since the first start, without the time it stood still
     */
    public long nanos() {
        State now = state;
        return now.running ? host.getAsLong() - now.value : now.value;
    }

    /** Makes it go on; without effect on a running clock. */
    public synchronized void start() {
        if (!state.running) {
            state = new State(true, host.getAsLong() - state.value);
        }
    }

    /** Makes it stand still; without effect on one that does. */
    public synchronized void stop() {
        if (state.running) {
            state = new State(false, nanos());
        }
    }

    /**
     * Whether it runs.
     *
     * @return false while it stands still
     */
    public boolean running() {
        return state.running;
    }
}
