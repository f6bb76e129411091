package dev.cloister.emulator.model;

/**
 * The MSRs that belong to a processor's local interrupt controller: IA32_APIC_BASE (0x1B), IA32_TSC_DEADLINE (0x6E0) and,
 * in x2APIC mode, 0x800 to 0x8FF. Called on the processor's thread.
 */
public interface LocalApicMsrs {
    /** IA32_APIC_BASE. */
    int APIC_BASE = 0x1B;
    /** IA32_TSC_DEADLINE. */
    int TSC_DEADLINE = 0x6E0;
    /** The first register of x2APIC mode. */
    int X2APIC_FIRST = 0x800;
    /** The last register of x2APIC mode. */
    int X2APIC_LAST = 0x8FF;
    /** IA32_APIC_BASE bit 11: the controller is on. */
    long ENABLED = 0x800;
    /** IA32_APIC_BASE bit 10: x2APIC mode. */
    long EXTENDED = 0x400;

    /**
     * Reads one of them.
     *
     * @param index the MSR
     * @param value element 0 receives the value
     * @return false where the access raises #GP
     */
    boolean readMsr(int index, long[] value);

    /**
     * Writes one of them.
     *
     * @param index the MSR
     * @param value all 64 bits
     * @return false where the access raises #GP
     */
    boolean writeMsr(int index, long value);

    /**
     * IA32_APIC_BASE, which CPUID leaf 1 depends on.
     *
     * @return the register
     */
    long apicBase();

    /**
     * A processor without a controller: the base register holds what is written to it, the others raise #GP.
     *
     * @param first whether this is the bootstrap processor
     * @return a new one
     */
    static LocalApicMsrs none(boolean first) {
        return new NoLocalApic(first);
    }
}
