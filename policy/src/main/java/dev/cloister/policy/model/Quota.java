package dev.cloister.policy.model;

/**
 * How much may pass in each period; periods follow each other from the load of the policy on.
 *
 * @param amount bytes, or signals for kind event; 1 to {@link #MAX}
 * @param periodNanos length of a period in nanoseconds, at least a second
 * @param position where the policy declares it
 */
public record Quota(long amount, long periodNanos, SourcePosition position) {
    /** The largest amount. */
    public static final long MAX = 1L << 60;
}
