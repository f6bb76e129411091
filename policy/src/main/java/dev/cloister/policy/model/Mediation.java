package dev.cloister.policy.model;

/**
 * The rule of the label gate, for the decision core (whose lines it counts among) and for the static analyses.
 *
 * <p>For a sender {@code f} and a receiver {@code t} with labels L(f) and L(t): the flow is allowed if L(t) dominates
 * L(f); or if exactly one of the two is a declared guard {@code g} and either {@code t} is {@code g} and {@code g.from}
 * dominates L(f), or {@code f} is {@code g} and L(t) dominates {@code g.to}. Nothing else is allowed.
 */
public enum Mediation {
    /** The receiver's label dominates the sender's. */
    DOMINATES,
    /** The receiver is a guard whose {@code from} dominates the sender's label. */
    GUARD_ACCEPTS,
    /** The sender is a guard whose {@code to} is dominated by the receiver's label. */
    GUARD_RELEASES,
    /** Neither label order nor a guard allows it. */
    FORBIDDEN,
    /** One endpoint is a guard, but the other's label is outside the guard's bounds. */
    OUTSIDE_BOUNDS,
    /** Both endpoints are guards: no guard mediates for another. */
    TWO_GUARDS;

    /** Returns whether the label gate allows it. */
    public boolean allowed() {
        return this == DOMINATES || this == GUARD_ACCEPTS || this == GUARD_RELEASES;
    }

    /** Applies the rule to the sender and the receiver with those indexes. Allocates nothing. */
    public static Mediation of(Policy policy, int from, int to) {
        Label sender = policy.endpoint(from).label();
        Label receiver = policy.endpoint(to).label();
        if (receiver.dominates(sender)) {
            return DOMINATES;
        }
        if (policy.isGuard(from) && policy.isGuard(to)) {
            return TWO_GUARDS;
        }
        if (policy.isGuard(to)) {
            return policy.guard(to).from().dominates(sender) ? GUARD_ACCEPTS : OUTSIDE_BOUNDS;
        }
        if (policy.isGuard(from)) {
            return receiver.dominates(policy.guard(from).to()) ? GUARD_RELEASES : OUTSIDE_BOUNDS;
        }
        return FORBIDDEN;
    }
}
