package dev.cloister.policy.protocol;

/** What executes a domain's instructions, as configured or as chosen by the VMM. The ordinal is the wire's number. */
public enum Engine {
    /** The VMM probes and picks. */
    AUTO,
    /** KVM runs supervisor and user code. */
    DIRECT,
    /** The emulator runs supervisor code, KVM runs user code under shadow page tables. */
    SHADOW,
    /** The emulator runs everything. */
    EMULATED;

    /**
     * Returns the name as policies and reports write it.
     *
     * @return the lower-case name
     */
    public String text() {
        return switch (this) {
            case AUTO -> "auto";
            case DIRECT -> "direct";
            case SHADOW -> "shadow";
            case EMULATED -> "emulated";
        };
    }
}
