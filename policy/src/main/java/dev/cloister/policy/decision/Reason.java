package dev.cloister.policy.decision;

/** Why a gate says what it says; the explain package has the words. Packed by its order: first what passes, then what refuses. */
public enum Reason {
    NOT_APPLICABLE,
    UNRESTRICTED,
    FLOW_DECLARED,
    DOMAIN_DECLARED,
    DOMINATES,
    GUARD_ACCEPTS,
    GUARD_RELEASES,
    TYPE_ALLOWED,
    NO_CONFLICT,
    WINDOW_OPEN,
    WITHIN_RATE,
    WITHIN_QUOTA,
    MEASURED,
    FLOW_NOT_DECLARED,
    FLOW_FORBIDDEN,
    LABELS_FORBID,
    OUTSIDE_BOUNDS,
    TWO_GUARDS,
    TYPE_FORBIDS,
    PARTY_RUNS,
    HISTORY_FORBIDS,
    WINDOW_CLOSED,
    FLOW_RATE_EXCEEDED,
    REQUEST_RATE_EXCEEDED,
    FLOW_QUOTA_EXCEEDED,
    GUARD_QUOTA_EXCEEDED,
    SENDER_NOT_MEASURED,
    RECEIVER_NOT_MEASURED,
    DISK_NOT_MEASURED;

    /** Returns what this reason amounts to. */
    public Outcome outcome() {
        return switch (this) {
            case NOT_APPLICABLE -> Outcome.NOT_APPLICABLE;
            case UNRESTRICTED -> Outcome.UNRESTRICTED;
            default -> compareTo(MEASURED) <= 0 ? Outcome.PASS : Outcome.REFUSE;
        };
    }
}
