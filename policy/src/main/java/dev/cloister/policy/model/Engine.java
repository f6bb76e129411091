package dev.cloister.policy.model;

import java.util.Locale;

/** What executes a domain's instructions, as the policy asks or as the VMM has chosen. The ordinal is the number on the wire. */
public enum Engine {
    /** The VMM picks the fastest engine that runs the guest. */
    AUTO,
    /** KVM runs the whole guest. */
    DIRECT,
    /** The emulator runs supervisor code, KVM runs user code; not in this release. */
    SHADOW,
    /** The emulator runs everything, without KVM. */
    EMULATED;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
