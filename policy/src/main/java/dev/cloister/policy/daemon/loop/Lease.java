package dev.cloister.policy.daemon.loop;

/**
 * The part of a flow's quota that is taken, and recorded, but not used yet. What is left of it at the period's end is gone with the
 * period. Loop's thread only.
 */
public final class Lease {
    private long left;
    private long untilNanos;

    /** Uses some of it; returns how much of the units it covers. */
    public long use(long units, long nowNanos) {
        long covered = Math.min(units, left(nowNanos));
        left -= covered;
        return covered;
    }

    /** Returns what is left of it. */
    public long left(long nowNanos) {
        if (left > 0 && nowNanos - untilNanos >= 0) {
            left = 0;
        }
        return left;
    }

    /** Adds units that were taken from the quota of the period that ends then. */
    public void add(long units, long nowNanos, long endNanos) {
        left = left(nowNanos) + units;
        untilNanos = endNanos;
    }
}
