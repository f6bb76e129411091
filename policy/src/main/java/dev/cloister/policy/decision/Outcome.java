package dev.cloister.policy.decision;

import java.util.Locale;

/** What one gate says. */
public enum Outcome {
    /** The gate's rule was applied and allows the request. */
    PASS,
    /** The gate's rule was applied and forbids the request. */
    REFUSE,
    /** The policy has no rule for this gate. */
    UNRESTRICTED,
    /** The gate doesn't concern this sort of request. */
    NOT_APPLICABLE;

    /** Returns the name used in the log and in JSON, such as {@code notApplicable}. */
    public String jsonName() {
        return this == NOT_APPLICABLE ? "notApplicable" : name().toLowerCase(Locale.ROOT);
    }
}
