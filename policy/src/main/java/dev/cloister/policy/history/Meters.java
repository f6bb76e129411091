package dev.cloister.policy.history;

import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import java.util.Arrays;

/**
 * Token buckets and quotas by number. Allocates nothing.
 *
 * <p>A bucket is kept as what is missing in it, in billionths of a token: refilling for {@code n} nanoseconds adds exactly
 * {@code n * perSecond}, and within {@link Rate#MAX} nothing overflows. A quota is kept as its period and what was used in it.
 * A clock that steps back credits nothing twice.
 */
final class Meters {
    private static final long TOKEN = 1_000_000_000L;

    private final long loaded;
    private final long[] missing;
    private final long[] touched;
    private final long[] used;
    private final long[] period;

    /** Makes full buckets and unused quotas at the time from which periods are counted. */
    Meters(int buckets, int quotas, long loadedNanos) {
        loaded = loadedNanos;
        missing = new long[buckets];
        touched = new long[buckets];
        used = new long[quotas];
        period = new long[quotas];
        Arrays.fill(touched, loadedNanos);
    }

    boolean has(int bucket, Rate rate, long tokens, long nanos) {
        return tokens <= rate.burst() && missing(bucket, rate, nanos) <= (rate.burst() - tokens) * TOKEN;
    }

    /** Takes tokens, or what is left of them where there are fewer. */
    void take(int bucket, Rate rate, long tokens, long nanos) {
        long more = Math.min(rate.burst(), tokens) * TOKEN;
        missing[bucket] = Math.min(rate.burst() * TOKEN, missing(bucket, rate, nanos) + more);
        touched[bucket] += elapsed(bucket, nanos);
    }

    /** Returns what was used in the period of that time. */
    long used(int quota, Quota stated, long nanos) {
        return (nanos - loaded) / stated.periodNanos() > period[quota] ? 0 : used[quota];
    }

    void use(int quota, Quota stated, long units, long nanos) {
        used[quota] = used(quota, stated, nanos) + units;
        period[quota] = Math.max(period[quota], (nanos - loaded) / stated.periodNanos());
    }

    /** Takes over a bucket: what it lacks of its tokens is not made good, and a larger one begins no fuller. */
    void carry(int bucket, Rate rate, Meters from, int old, Rate oldRate, long nanos) {
        long there = oldRate.burst() * TOKEN - from.missing(old, oldRate, nanos);
        missing[bucket] = Math.max(0, rate.burst() * TOKEN - there);
        touched[bucket] = Math.max(from.touched[old], nanos);
    }

    /** Returns what counts against a quota now, and for how long. */
    Spent spent(int quota, Quota stated, long nanos) {
        return new Spent(used(quota, stated, nanos), loaded + (period[quota] + 1) * stated.periodNanos());
    }

    /** Takes over what was used of a quota, unless its period has ended; a period of another length is the present one of those. */
    void carry(int quota, Quota stated, Spent spent, long nanos) {
        if (spent.counts(nanos)) {
            used[quota] = spent.units();
            period[quota] = (nanos - loaded) / stated.periodNanos();
        }
    }

    /**
     * What was used of a quota.
     *
     * @param units how much
     * @param endsNanos when its period ends
     */
    record Spent(long units, long endsNanos) {
        boolean counts(long nanos) {
            return units > 0 && endsNanos - nanos > 0;
        }
    }

    private long elapsed(int bucket, long nanos) {
        return Math.max(0, nanos - touched[bucket]);
    }

    private long missing(int bucket, Rate rate, long nanos) {
        long elapsed = elapsed(bucket, nanos);
        return elapsed > missing[bucket] / rate.perSecond() ? 0 : missing[bucket] - elapsed * rate.perSecond();
    }
}
