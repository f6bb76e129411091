package dev.cloister.policy.model;

import java.util.Locale;

/** What executes a domain's instructions. */
public enum Engine {
    /** The VMM picks the fastest engine that runs the guest. */
    AUTO,
    /** KVM runs the whole guest. */
    DIRECT;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
