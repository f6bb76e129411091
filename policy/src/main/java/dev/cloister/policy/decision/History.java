package dev.cloister.policy.decision;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Rate;

/**
 * What happened before, as far as decisions depend on it: the token buckets of flows and of asking domains. A decision
 * only reads it; {@link #record} takes what a decision used. Not thread-safe: one thread decides.
 *
 * <p>A bucket's level is kept in billionths of a token, so that refilling for {@code n} nanoseconds adds exactly
 * {@code n * perSecond}. With rates and bursts bounded by {@link Rate#MAX} nothing overflows.
 */
public final class History {
    private static final long TOKEN = 1_000_000_000L;

    private final long[] level;
    private final long[] touched;
    private final boolean[] used;
    private final int flows;

    /** Starts with every bucket full. */
    public History(Policy policy) {
        flows = policy.flows().size();
        int buckets = flows + policy.domains().size();
        level = new long[buckets];
        touched = new long[buckets];
        used = new boolean[buckets];
    }

    /** Takes the tokens that a granted or refused request uses. Call once for each decision, with what was decided. */
    public void record(Policy policy, Request request, long decided) {
        switch (request) {
            case Request.Start _ -> {}
            case Request.Open open -> {
                if (open.asker() != Request.BY_DAEMON) {
                    // A refusal uses the asker's token as well: asking is what is limited.
                    take(flows + open.asker(), policy.requestRate(), 1, open.nanos());
                }
                if (DecisionCore.granted(decided)) {
                    takeFlow(policy, DecisionCore.flow(decided), 1, open.nanos());
                }
            }
            case Request.Use use -> {
                if (DecisionCore.granted(decided)) {
                    takeFlow(policy, use.flow(), use.units(), use.nanos());
                }
            }
        }
    }

    boolean flowHas(Policy policy, int flow, long units, long nanos) {
        var rate = policy.flow(flow).rate();
        return rate.isEmpty() || has(flow, rate.get(), units, nanos);
    }

    boolean askerHas(Policy policy, int domain, long nanos) {
        return has(flows + domain, policy.requestRate(), 1, nanos);
    }

    private boolean has(int bucket, Rate rate, long units, long nanos) {
        return units <= rate.burst() && available(bucket, rate, nanos) >= units * TOKEN;
    }

    private void takeFlow(Policy policy, int flow, long units, long nanos) {
        var rate = policy.flow(flow).rate();
        if (rate.isPresent()) {
            take(flow, rate.get(), units, nanos);
        }
    }

    private void take(int bucket, Rate rate, long units, long nanos) {
        long now = available(bucket, rate, nanos);
        // The clock is monotonic; should it step back all the same, no time is credited twice.
        if (!used[bucket] || nanos - touched[bucket] > 0) {
            touched[bucket] = nanos;
        }
        used[bucket] = true;
        level[bucket] = Math.max(0, now - units * TOKEN);
    }

    /** Billionths of a token in the bucket at that time. */
    private long available(int bucket, Rate rate, long nanos) {
        long full = rate.burst() * TOKEN;
        long elapsed = nanos - touched[bucket];
        if (!used[bucket]) {
            return full;
        }
        if (elapsed <= 0) {
            return level[bucket];
        }
        return elapsed > (full - level[bucket]) / rate.perSecond() ? full : level[bucket] + elapsed * rate.perSecond();
    }
}
