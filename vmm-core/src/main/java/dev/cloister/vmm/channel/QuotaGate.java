package dev.cloister.vmm.channel;

import dev.cloister.policy.protocol.ChannelConfig;

/**
 * What is left of a flow's quota: so many units in each of the periods that follow each other. Monotonic nanoseconds throughout.
 * Thread-safe, allocates nothing.
 */
final class QuotaGate {
    private final long units;
    private final long period;
    private final long start;
    private long current;
    private long used;

    /** Begins with what the configuration says was used in the present period. */
    QuotaGate(ChannelConfig.Quota quota, long now) {
        this.units = quota.units();
        this.period = quota.periodNanos();
        this.start = quota.startNanos();
        this.current = quota.limited() ? index(now) : 0;
        this.used = quota.used();
    }

    /** Units that may still pass in the present period; without a quota always the most there is. */
    synchronized long left(long now) {
        if (units == 0) {
            return Long.MAX_VALUE;
        }
        turn(now);
        return Math.max(0, units - used);
    }

    /** Takes one unit if there is one. */
    synchronized boolean tryTake(long now) {
        boolean there = left(now) > 0;
        used += there ? 1 : 0;
        return there;
    }

    /** Notes that so many units have passed. */
    synchronized void take(long count, long now) {
        if (units != 0) {
            turn(now);
            used += count;
        }
    }

    /** Nanoseconds until the next period begins. */
    synchronized long untilNext(long now) {
        return units == 0 ? Long.MAX_VALUE : period - Math.floorMod(now - start, period);
    }

    private void turn(long now) {
        long index = index(now);
        if (index != current) {
            current = index;
            used = 0;
        }
    }

    private long index(long now) {
        return Math.floorDiv(now - start, period);
    }
}
