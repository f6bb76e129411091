package dev.cloister.vmm;

import java.util.Locale;

/** What executes guest instructions, as a user chooses it. */
public enum EngineKind {
    /** The fastest engine that runs the guest on this host. */
    AUTO,
    /** KVM executes everything; the emulator completes what KVM gives up on. */
    DIRECT;

    private final String label = name().toLowerCase(Locale.ROOT);

    /**
     * The name for options and reports.
     *
     * @return lower case
     */
    public String label() {
        return label;
    }

    /**
     * Reads a name as written in a policy or on a command line.
     *
     * @param name {@code auto} or {@code direct}
     * @return the kind
     * @throws MachineException if it is neither
     */
    public static EngineKind of(String name) throws MachineException {
        for (EngineKind kind : values()) {
            if (kind.label.equals(name)) {
                return kind;
            }
        }
        throw MachineException.input("engine \"" + name + "\" is not known; expected auto or direct");
    }
}
