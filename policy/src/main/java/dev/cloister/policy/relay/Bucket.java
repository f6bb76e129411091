package dev.cloister.policy.relay;

/**
 * A token bucket in integer arithmetic over monotonic nanoseconds. Not thread-safe, allocates nothing.
 */
public final class Bucket {
    private static final long SECOND = 1_000_000_000L;
    /** Intervals are counted no longer than this, so that nothing overflows: by then every bucket is full. */
    private static final long LONGEST = 3600 * SECOND;

    private final long perSecond;
    private final long burst;
    private long tokens;
    /** Part of a token that has been earned, in billionths, times the rate. */
    private long fraction;

    private long at;

    /**
     * A full bucket.
     *
     * @param perSecond tokens earned in a second, 1 to 2^31 - 1
     * @param burst most tokens at once, at least 1
     * @param now the time in nanoseconds
     */
    public Bucket(long perSecond, long burst, long now) {
        this.perSecond = Math.clamp(perSecond, 1, Integer.MAX_VALUE);
        this.burst = Math.max(1, burst);
        this.tokens = this.burst;
        this.at = now;
    }

    /**
     * Looks at the time.
     *
     * @param now the time in nanoseconds, not before the last one given
     * @return tokens that are there now
     */
    public long available(long now) {
        long passed = Math.min(LONGEST, now - at);
        if (passed > 0) {
            at = now;
            // Whole seconds apart, since a product of both would not fit.
            long earned = passed / SECOND * perSecond;
            long rest = passed % SECOND * perSecond + fraction;
            fraction = rest % SECOND;
            tokens = Math.min(burst, tokens + earned + rest / SECOND);
            if (tokens == burst) {
                fraction = 0;
            }
        }
        return tokens;
    }

    /**
     * Takes tokens that are there.
     *
     * @param count how many, at most those available
     */
    public void take(long count) {
        tokens -= count;
    }

    /** Returns the nanoseconds until one token more is there. */
    public long untilNext() {
        return (SECOND - fraction + perSecond - 1) / perSecond;
    }

    /**
     * Returns the nanoseconds until so many tokens are there.
     *
     * @param count more than there are, at most 2^31 - 1
     */
    public long until(long count) {
        return ((count - tokens) * SECOND - fraction + perSecond - 1) / perSecond;
    }

    /** Returns the most tokens that it holds. */
    public long most() {
        return burst;
    }
}
