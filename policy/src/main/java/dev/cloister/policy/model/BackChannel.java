package dev.cloister.policy.model;

/**
 * What a one-way flow may leak the other way.
 *
 * @param bitsPerSecond the budget, 1 to {@link #MAX}
 * @param position where the policy declares it
 */
public record BackChannel(long bitsPerSecond, SourcePosition position) {
    /** The largest budget that can be declared. */
    public static final long MAX = 1_000_000_000L;
}
