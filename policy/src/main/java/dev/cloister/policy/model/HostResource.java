package dev.cloister.policy.model;

import java.util.Locale;

/** Host resources that flows may name as endpoints. */
public enum HostResource {
    /** {@code @audit}: the live audit stream; a source only, of kind memory. */
    AUDIT,
    /** {@code @console}: sink of serial output, source of serial input; kind console. */
    CONSOLE;

    /** Returns the name of the member of {@code host} that declares it. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the name by which flows refer to it, such as {@code @audit}. */
    public String endpointName() {
        return "@" + jsonName();
    }
}
