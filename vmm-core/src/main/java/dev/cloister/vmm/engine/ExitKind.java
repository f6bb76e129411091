package dev.cloister.vmm.engine;

import java.util.Locale;

/** The kinds of exit from guest code, as they are counted and reported. The set is closed: what is none of these is {@link #UNKNOWN}. */
public enum ExitKind {
    /** A port was read. */
    IO_IN,
    /** A port was written. */
    IO_OUT,
    /** Guest-physical space without memory was read. */
    MMIO_READ,
    /** Guest-physical space without memory, or read-only memory, was written. */
    MMIO_WRITE,
    /** The vCPU halted and the interrupt chips are not KVM's. */
    HALT,
    /** Triple fault. */
    SHUTDOWN,
    /** The processor refused the guest's state. */
    FAIL_ENTRY,
    /** KVM could not execute an instruction. */
    EMULATION_FAILURE,
    /** Any other internal error of KVM. */
    INTERNAL_ERROR,
    /** A kick (pause, resume, stop, query) interrupted the guest. */
    INTERRUPTED,
    /** The guest can take an interrupt again. */
    IRQ_WINDOW,
    /** KVM reports a shutdown, reset or crash by name. */
    SYSTEM_EVENT,
    /** A hypercall that KVM passes on. */
    HYPERCALL,
    /** A model-specific register was read that KVM passes on. */
    RDMSR,
    /** A model-specific register was written that KVM passes on. */
    WRMSR,
    /** A debug event. */
    DEBUG,
    /** None of the above. */
    UNKNOWN;

    /** How many kinds there are. */
    public static final int COUNT = values().length;

    private final int index = ordinal();
    private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** The place of this kind in arrays of counts, 0 to {@link #COUNT} - 1. */
    public int index() {
        return index;
    }

    /**
     * The name for reports, such as {@code io-out}.
     *
     * @return lower case, with hyphens
     */
    public String label() {
        return label;
    }
}
