package dev.cloister.policy.model;

import java.util.Locale;

/** What the daemon does when the audit log can't take a record. In no case does an unrecorded effect happen. */
public enum AuditFull {
    /** Stop every domain and end. */
    HALT,
    /** Refuse whatever would need a record; live channels go on. */
    REFUSE;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
