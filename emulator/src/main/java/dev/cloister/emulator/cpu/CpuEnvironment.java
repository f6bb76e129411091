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
     * One page's translation must be forgotten (INVLPG, INVPCID type 0).
     *
     * @param linear any address in the page
     */
    default void invalidatePage(long linear) {
        // Nothing is cached unless the implementer does so.
    }

    /** All translations must be forgotten (control register writes, INVPCID types 1 to 3). */
    default void invalidateAll() {
        // Nothing is cached unless the implementer does so.
    }

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
     * Whether AMD's RDPRU is offered; without it the instruction raises #UD.
     *
     * @return false unless overridden
     */
    default boolean offersRdpru() {
        return false;
    }
}
