package dev.cloister.policy.model;

import java.util.Locale;

/** What VMM processes do with live channels when the policy daemon is gone. */
public enum DaemonLoss {
    /** They unmap and close them: no byte passes without a daemon. */
    SEVER,
    /** They keep them; nothing new is granted. */
    KEEP;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
