package dev.cloister.policy.decision;

import java.util.Locale;

/** The gates, in the order in which they are reported. A request is granted only if no gate refuses it. */
public enum Gate {
    /** The policy declares the flow, and no fragment forbids it. */
    DECLARED,
    /** The receiver's label dominates the sender's, or a guard mediates. */
    LABELS,
    /** Type enforcement: some rule lets the sender's type send that kind to the receiver's. */
    TYPES,
    /** Conflicts of interest: who runs now, and whose information has reached whom. */
    CONFLICTS,
    /** A window of the flow's, or of the domain's, is open. */
    TIME_WINDOW,
    /** Token buckets of the flow and of the asking domain, quotas of the flow and of the guard. */
    RATE,
    /** Digests of images and disks are those that the policy states. */
    MEASUREMENT;

    /** Returns the name used in the log and in JSON, such as {@code timeWindow}. */
    public String jsonName() {
        return this == TIME_WINDOW ? "timeWindow" : name().toLowerCase(Locale.ROOT);
    }
}
