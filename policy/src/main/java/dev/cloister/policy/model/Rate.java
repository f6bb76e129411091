package dev.cloister.policy.model;

/**
 * A token bucket: it holds at most {@code burst} tokens and gains {@code perSecond} tokens each second.
 *
 * @param perSecond tokens gained per second, 1 to {@link #MAX}
 * @param burst capacity in tokens, 1 to {@link #MAX}; a new bucket is full
 * @param position where the policy declares it
 */
public record Rate(long perSecond, long burst, SourcePosition position) {
    /** Upper bound of both numbers: with it the bucket's arithmetic in tokens × nanoseconds fits a {@code long}. */
    public static final long MAX = 1_000_000_000L;
}
