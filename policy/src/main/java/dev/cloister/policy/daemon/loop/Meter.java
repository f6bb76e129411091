package dev.cloister.policy.daemon.loop;

import dev.cloister.policy.model.Rate;
import java.util.Optional;

/**
 * A counter that VMMs report now and then, with its rate over the last two reports and the level of the bucket that it drains. Never
 * goes back, whatever is reported, and goes on where another process begins to count from nought.
 */
public final class Meter {
    private static final double NANOS = 1e9;

    private Optional<Rate> rate;
    private long base;
    private long reported;
    private long refusedBase;
    private long refused;
    private long reverseBase;
    private long reverse;
    private long atNanos;
    private double perSecond;
    private double level;
    private boolean begun;
    private boolean unknown;

    /** A counter; the rate is that of its flow, if it has one. */
    public Meter(Optional<Rate> rate) {
        this.rate = rate;
        this.level = rate.map(Rate::burst).orElse(0L);
    }

    /** Its flow has another rate now; a bucket that was not full begins no fuller. */
    public void rate(Optional<Rate> next) {
        double burst = next.map(Rate::burst).orElse(0L);
        level = rate.isPresent() ? Math.min(level, burst) : burst;
        rate = next;
    }

    /** Takes over what a process says; returns how much more it is than what it said before. */
    public long report(long units, long newRefused, long newReverse, long nowNanos) {
        if (unknown) {
            // What a process counted before we knew it was another's to charge.
            unknown = false;
            reported = units;
        }
        long more = Math.max(0, units - reported);
        if (begun && nowNanos > atNanos) {
            perSecond = more * NANOS / (nowNanos - atNanos);
        }
        drain(more, nowNanos);
        begun = true;
        atNanos = nowNanos;
        reported += more;
        refused = Math.max(refused, newRefused);
        reverse = Math.max(reverse, newReverse);
        return more;
    }

    private void drain(long more, long nowNanos) {
        if (rate.isPresent()) {
            double earned = begun ? (nowNanos - atNanos) / NANOS * rate.get().perSecond() : 0;
            level = Math.max(0, Math.min(rate.get().burst(), level + earned) - more);
        }
    }

    /** Counts units here, where no process reports them. */
    public void add(long count, long nowNanos) {
        if (!begun || nowNanos - atNanos > NANOS) {
            report(reported + count, refused, reverse, nowNanos);
        } else {
            reported += count;
        }
    }

    /** Counts signals against the direction. */
    public void addReverse(long count) {
        reverseBase += count;
    }

    /** Takes over how much a process says it has held back, of what somebody else counts. */
    public void refusedBy(long total) {
        refused = Math.max(refused, total);
    }

    /** Counts what was held back here. */
    public void refuse(long count) {
        refusedBase += count;
    }

    /** The process has counted before, for an earlier daemon: its first report is where we begin. */
    public void baseline() {
        unknown = true;
    }

    /** Another process counts from now on, from nought. */
    public void restart() {
        base = units();
        reported = 0;
        refusedBase = refused();
        refused = 0;
        reverseBase = reverse();
        reverse = 0;
        begun = false;
        unknown = false;
    }

    /** Nothing passes any more: the rate is nought. */
    public void stop() {
        perSecond = 0;
    }

    /** Units that were counted, over all processes. */
    public long units() {
        return base > Long.MAX_VALUE - reported ? Long.MAX_VALUE : base + reported;
    }

    /** Units that were held back. */
    public long refused() {
        return refusedBase + refused;
    }

    /** Signals against the direction. */
    public long reverse() {
        return reverseBase + reverse;
    }

    /** Units per second between the last two reports. */
    public double perSecond() {
        return perSecond;
    }

    /** Tokens in the bucket at the last report; -1 without a rate. */
    public long level() {
        return rate.isPresent() ? (long) level : -1;
    }
}
