package dev.cloister.policy.model;

import java.util.Locale;

/** What the daemon does when the audit log can't take a record. In no case does an unrecorded effect happen. */
public enum AuditFull {
    /** Stop every domain and end. */
    HALT,
    /** Refuse whatever would need a record; live channels go on. */
    REFUSE,
    /** Let whatever needs a record wait until there is room again; live channels go on. */
    BLOCK;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
