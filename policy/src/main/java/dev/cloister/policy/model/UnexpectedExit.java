package dev.cloister.policy.model;

import java.util.Locale;

/** What the unexpected end of a domain means: a guest fault, a VMM that died, or an exit code other than 0. */
public enum UnexpectedExit {
    /** Only this domain ends; its channels are severed. */
    STOP,
    /** The whole policy ends. */
    HALT;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
