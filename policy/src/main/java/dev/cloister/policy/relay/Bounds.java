package dev.cloister.policy.relay;

/**
 * What a lane may carry.
 *
 * @param perSecond units per second; 0: only the ceiling that keeps one lane from starving the others
 * @param burst units at once; 0 without a rate
 * @param metered whether units pass only under leases
 */
public record Bounds(long perSecond, long burst, boolean metered) {
    /** No bounds of the policy. */
    public static final Bounds NONE = new Bounds(0, 0, false);
}
