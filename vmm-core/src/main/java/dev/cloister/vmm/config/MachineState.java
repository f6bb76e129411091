package dev.cloister.vmm.config;

import java.util.Locale;

/** Where in its life a machine is. It only moves forward, except between {@link #RUNNING} and {@link #PAUSED}. */
public enum MachineState {
    /** Assembled; no guest instruction has run. */
    CREATED,
    /** vCPUs execute the guest. */
    RUNNING,
    /** Every vCPU stands still between two instructions. */
    PAUSED,
    /** The guest will not run again. */
    STOPPED;

    private final String label = name().toLowerCase(Locale.ROOT);

    /**
     * The name for reports, such as {@code running}.
     *
     * @return lower case
     */
    public String label() {
        return label;
    }
}
