package dev.cloister.policy.decision;

import java.util.Locale;

/** The gates, in the order in which they are reported. A request is granted only if no gate refuses it. */
public enum Gate {
    /** The policy declares the flow. */
    DECLARED,
    /** The receiver's label dominates the sender's, or a guard mediates. */
    LABELS,
    /** Type enforcement: version 1 of the language has no such rules yet. */
    TYPES,
    /** Conflicts of interest: version 1 of the language has no such rules yet. */
    CONFLICTS,
    /** Time windows: version 1 of the language has no such rules yet. */
    TIME_WINDOW,
    /** Token buckets of the flow and of the asking domain. */
    RATE,
    /** Digests of the images are those that the policy states. */
    MEASUREMENT;

    /** Returns the name used in the log and in JSON, such as {@code timeWindow}. */
    public String jsonName() {
        return this == TIME_WINDOW ? "timeWindow" : name().toLowerCase(Locale.ROOT);
    }
}
