package dev.cloister.policy.partition;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts of durations in buckets that are an eighth of a power of two wide, so that a quantile is at most 12.5 % too high. One
 * thread adds, any thread reads. Allocates nothing after its making.
 */
final class Histogram {
    private static final int STEPS = 8;
    private static final int STEP_BITS = 3;

    private final AtomicLongArray counts = new AtomicLongArray(Long.SIZE * STEPS);
    private final AtomicLong total = new AtomicLong();
    private final AtomicLong max = new AtomicLong();

    /** Adds a duration in nanoseconds; one below 0 counts as 0. */
    void add(long nanos) {
        long value = Math.max(0, nanos);
        counts.incrementAndGet(bucket(value));
        total.incrementAndGet();
        max.accumulateAndGet(value, Math::max);
    }

    /** Returns how many durations were added. */
    long count() {
        return total.get();
    }

    /** Returns the longest, in nanoseconds. */
    long max() {
        return max.get();
    }

    /** Returns nanoseconds that at least this share of all durations don't exceed; 0 while there is none. */
    long quantile(double share) {
        long wanted = (long) Math.ceil(share * total.get());
        long seen = 0;
        for (int i = 0; i < counts.length() && wanted > 0; i++) {
            seen += counts.get(i);
            if (seen >= wanted) {
                return Math.min(upper(i), max.get());
            }
        }
        return 0;
    }

    private static int bucket(long value) {
        if (value < STEPS) {
            return (int) value;
        }
        int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(value) - STEP_BITS;
        return (shift + 1) * STEPS + (int) ((value >>> shift) & (STEPS - 1));
    }

    private static long upper(int bucket) {
        if (bucket < 2 * STEPS) {
            return bucket;
        }
        int shift = bucket / STEPS - 1;
        return ((STEPS + bucket % STEPS + 1L) << shift) - 1;
    }
}
