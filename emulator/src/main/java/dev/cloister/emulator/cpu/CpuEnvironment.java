package dev.cloister.emulator.cpu;

/**
 * What a processor asks of its surroundings beyond memory and ports. EFER, FS.base and GS.base are part of {@link
 * CpuState} and never reach {@link #readMsr}; every other MSR does. Called on the processor's thread.
 */
public interface CpuEnvironment {
    /**
     * Answers CPUID.
     *
     * @param leaf EAX
     * @param subleaf ECX
     * @param result receives EAX, EBX, ECX, EDX
     */
    void cpuid(int leaf, int subleaf, int[] result);

    /**
     * The guest's time-stamp counter.
     *
     * @return ticks
     */
    long timestampCounter();

    /**
     * A random number for RDRAND and RDSEED.
     *
     * @return 64 random bits
     */
    long random();

    /**
     * Reads a model-specific register.
     *
     * @param index ECX
     * @param value element 0 receives the value
     * @return false where the access raises #GP
     */
    boolean readMsr(int index, long[] value);

    /**
     * Writes a model-specific register.
     *
     * @param index ECX
     * @param value EDX:EAX
     * @return false where the access raises #GP
     */
    boolean writeMsr(int index, long value);

    /**
     * Whether the processor has a feature. Instructions that need one that is not offered raise #UD, or do what older
     * processors did with the encoding. Asked once, when an executor is made.
     *
     * @param feature any
     * @return true unless overridden
     */
    default boolean offers(CpuFeature feature) {
        return true;
    }

    /**
     * MOV to CR8 changed the task priority, which an interrupt controller shows too. Who changes the priority there sets
     * {@link CpuState#setCr8}.
     *
     * @param priority 0 to 15
     */
    default void taskPriorityChanged(int priority) {
        // Only an interrupt controller cares.
    }

    /**
     * Whether AMD's RDPRU is offered; without it the instruction raises #UD.
     *
     * @return false unless overridden
     */
    default boolean offersRdpru() {
        return false;
    }

    /**
     * Whether VMCALL and VMMCALL call a hypervisor; without one they raise #UD.
     *
     * @return false unless overridden
     */
    default boolean offersHypercalls() {
        return false;
    }

    /**
     * VMCALL or VMMCALL, made at CPL 0: the guest calls its hypervisor, with KVM's convention for registers.
     *
     * @param number RAX; like the arguments zero-extended from 32 bits outside 64-bit mode
     * @param arguments RBX, RCX, RDX and RSI; not kept
     * @return what RAX receives; its low half outside 64-bit mode
     */
    default long hypercall(long number, long[] arguments) {
        return 0;
    }

    /**
     * The level of FERR# while CR0.NE is clear: the processor has an unmasked x87 error that it can't report as #MF. A
     * PC's chipset turns it into IRQ 13. Called when a waiting x87 instruction finds the error, and when an instruction
     * has cleared it.
     *
     * @param asserted true while the error waits to be handled
     */
    default void numericError(boolean asserted) {
        // A machine without that wiring shows nothing.
    }

    /**
     * The level of IGNNE#: whether x87 instructions execute in spite of an error that {@link #numericError} reports. While
     * it is false, the waiting instruction halts until an interrupt comes.
     *
     * @return false unless overridden
     */
    default boolean ignoresNumericError() {
        return false;
    }
}
