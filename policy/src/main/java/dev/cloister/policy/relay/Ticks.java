package dev.cloister.policy.relay;

/**
 * Lets units pass at the ticks of a clock only, at most one at each. What an observer sees of when they came is then, for each tick,
 * whether one passed: one bit. A token bucket of the same rate would let the moments themselves carry more. Not thread-safe, allocates
 * nothing.
 */
final class Ticks {
    private static final long SECOND = 1_000_000_000L;

    private final long origin;
    private final long period;
    private long next;

    /**
     * A clock.
     *
     * @param perSecond ticks in a second, 1 to 10⁹; a period that is no whole number of nanoseconds is rounded up
     * @param now its first tick, in nanoseconds
     */
    Ticks(long perSecond, long now) {
        this.period = (SECOND + perSecond - 1) / Math.clamp(perSecond, 1, SECOND);
        this.origin = now;
        this.next = now;
    }

    /** Units have come where none waited: none passes before the next tick. */
    void arrive(long now) {
        next = origin + ((now - origin) / period + 1) * period;
    }

    /**
     * Takes the ticks that there have been since the last that was taken, or since {@link #arrive}.
     *
     * @param waiting units that wait
     * @param now the time in nanoseconds, not before the last one given
     * @return units that may pass now
     */
    long take(long waiting, long now) {
        if (now - next < 0) {
            return 0;
        }
        long units = Math.min(waiting, (now - next) / period + 1);
        next += units * period;
        return units;
    }

    /** When the next tick is, in nanoseconds. */
    long next() {
        return next;
    }
}
