package dev.cloister.policy.decision;

import java.util.Locale;

/** What one gate says: its rule allows or forbids the request, it has no rule, or the request is none of its business. */
public enum Outcome {
    PASS,
    REFUSE,
    UNRESTRICTED,
    NOT_APPLICABLE;

    /** Returns the name used in the log and in JSON, such as {@code notApplicable}. */
    public String jsonName() {
        return this == NOT_APPLICABLE ? "notApplicable" : name().toLowerCase(Locale.ROOT);
    }
}
