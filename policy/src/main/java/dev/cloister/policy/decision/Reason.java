package dev.cloister.policy.decision;

/** Why a gate says what it says; the explain package has the words. The order is part of the packed form. */
public enum Reason {
    NOT_APPLICABLE(Outcome.NOT_APPLICABLE),
    UNRESTRICTED(Outcome.UNRESTRICTED),
    FLOW_DECLARED(Outcome.PASS),
    DOMAIN_DECLARED(Outcome.PASS),
    FLOW_NOT_DECLARED(Outcome.REFUSE),
    DOMINATES(Outcome.PASS),
    GUARD_ACCEPTS(Outcome.PASS),
    GUARD_RELEASES(Outcome.PASS),
    LABELS_FORBID(Outcome.REFUSE),
    OUTSIDE_BOUNDS(Outcome.REFUSE),
    TWO_GUARDS(Outcome.REFUSE),
    WITHIN_RATE(Outcome.PASS),
    FLOW_RATE_EXCEEDED(Outcome.REFUSE),
    REQUEST_RATE_EXCEEDED(Outcome.REFUSE),
    MEASURED(Outcome.PASS),
    SENDER_NOT_MEASURED(Outcome.REFUSE),
    RECEIVER_NOT_MEASURED(Outcome.REFUSE);

    private final Outcome outcome;

    Reason(Outcome outcome) {
        this.outcome = outcome;
    }

    /** Returns what this reason amounts to. */
    public Outcome outcome() {
        return outcome;
    }
}
