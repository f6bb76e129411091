package dev.cloister.policy.model;

import java.util.Locale;

/** What VMM processes do with live channels when the policy daemon is gone. The ordinal is the number on the wire. */
public enum DaemonLoss {
    /** They unmap and close them, and the directory says so: no byte passes without a daemon; the guest runs on alone. */
    SEVER,
    /** They keep them; nothing new is granted. */
    KEEP;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
