package dev.cloister.policy.daemon.loop;

import dev.cloister.policy.model.Restart;
import java.util.ArrayDeque;
import java.util.Deque;

/** How often a domain may still be restarted: so many times within a span that moves along. Loop's thread only. */
public final class RestartBudget {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Restart rule;
    private final Deque<Long> recent = new ArrayDeque<>();
    private long total;

    /** The whole budget of a rule. */
    public RestartBudget(Restart rule) {
        this.rule = rule;
    }

    /** Tells whether the rule wants a restart after such an end. */
    public boolean wants(boolean unexpected) {
        return switch (rule.rule()) {
            case NEVER -> false;
            case ON_FAILURE -> unexpected;
            case ALWAYS -> true;
        };
    }

    /** Takes an attempt; returns false if none is left at that time. */
    public boolean take(long nowNanos) {
        while (!recent.isEmpty() && nowNanos - recent.getFirst() >= rule.withinNanos()) {
            recent.removeFirst();
        }
        if (recent.size() >= rule.attempts()) {
            return false;
        }
        recent.addLast(nowNanos);
        total++;
        return true;
    }

    /** Counts an attempt that was taken under an earlier daemon. */
    public void taken(long nanos) {
        recent.addLast(nanos);
        total++;
    }

    /** The attempts taken within the span, in words. */
    public String text() {
        return "restart " + recent.size() + " of " + rule.attempts() + " within " + rule.withinNanos() / 1_000_000_000L
                + " s";
    }

    /** Time between an end and the restart. */
    public long delayMillis() {
        return (rule.delayNanos() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
    }

    /** What is left of the time before the restart whose attempt was taken last; 0 where none was. */
    public long delayLeftMillis(long nowNanos) {
        long passed = recent.isEmpty() ? Long.MAX_VALUE : (nowNanos - recent.getLast()) / NANOS_PER_MILLI;
        return Math.max(0, delayMillis() - passed);
    }

    /** Restarts so far. */
    public long total() {
        return total;
    }
}
