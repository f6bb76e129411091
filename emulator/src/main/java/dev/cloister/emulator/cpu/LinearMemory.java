package dev.cloister.emulator.cpu;

/**
 * Memory as instructions see it after segmentation: linear addresses, translated by the implementation. An access that
 * crosses a page is checked on both pages before either is touched, so that a fault leaves no partial effect. All
 * methods may throw {@link CpuException} filled by {@link CpuException#pageFault}. Called on the thread of the processor.
 */
public interface LinearMemory {
    /** Access bit: a write (for a read that will be followed by a write too). */
    int WRITE = 1;
    /** Access bit: an instruction fetch. */
    int FETCH = 2;
    /** Access bit: made with user rights (CPL 3). */
    int USER = 4;
    /** Access bit: made by the processor for itself (descriptor tables, TSS), never excused by RFLAGS.AC under SMAP. */
    int IMPLICIT = 8;

    /**
     * Reads a little-endian number.
     *
     * @param linear the linear address
     * @param size 1, 2, 4 or 8
     * @param access bits of this interface
     * @return the value, zero-extended
     */
    long read(long linear, int size, int access);

    /**
     * Writes a little-endian number.
     *
     * @param linear the linear address
     * @param size 1, 2, 4 or 8
     * @param value the low {@code size} bytes are written
     * @param access bits of this interface; WRITE is implied
     */
    void write(long linear, int size, long value, int access);

    /**
     * Checks that a later access will not fault.
     *
     * @param linear the linear address of the first byte
     * @param length in bytes, 1 to 4096
     * @param access bits of this interface
     */
    void probe(long linear, int length, int access);

    /**
     * Fetches instruction bytes, at most up to the end of the page.
     *
     * @param linear the linear address of the first byte
     * @param into receives the bytes
     * @param offset where in {@code into}
     * @param length how many are wanted, at least 1
     * @param access bits of this interface; FETCH is implied
     * @return how many were stored, 1 to {@code length}
     */
    int fetch(long linear, byte[] into, int offset, int length, int access);

    /**
     * Replaces a number if it has the expected value: the heart of every locked instruction. An implementation that other processors
     * share makes it atomic as far as it can (its page says how far); this default does not.
     *
     * @param linear the linear address, of any alignment
     * @param size 1, 2, 4 or 8
     * @param expected the value that must be there, zero-extended
     * @param value the value to put there
     * @param access bits of this interface; WRITE is implied
     * @return the value that was there, zero-extended: equal to {@code expected} if and only if it was replaced
     */
    default long compareAndExchange(long linear, int size, long expected, long value, int access) {
        long found = read(linear, size, access | WRITE);
        // Memory is written in either case, as the processor does.
        write(linear, size, found == expected ? value : found, access);
        return found;
    }

    /**
     * The same for sixteen bytes (CMPXCHG16B).
     *
     * @param linear the linear address, a multiple of 16
     * @param expected the low and the high half that must be there; receives what was there
     * @param low the low half to put there
     * @param high the high half to put there
     * @param access bits of this interface; WRITE is implied
     * @return whether it was replaced
     */
    default boolean compareAndExchange16(long linear, long[] expected, long low, long high, int access) {
        probe(linear, 16, access | WRITE);
        long foundLow = read(linear, 8, access | WRITE);
        long foundHigh = read(linear + 8, 8, access | WRITE);
        boolean equal = foundLow == expected[0] && foundHigh == expected[1];
        write(linear, 8, equal ? low : foundLow, access);
        write(linear + 8, 8, equal ? high : foundHigh, access);
        expected[0] = foundLow;
        expected[1] = foundHigh;
        return equal;
    }

    /**
     * Registers that govern translation may have changed: CPL, CR0, CR4, EFER, RFLAGS.AC, PKRU. An implementation that keeps anything
     * derived from them looks at them again.
     */
    default void refresh() {
        // Nothing is kept unless the implementer does so.
    }

    /**
     * CR3 was loaded, by MOV or a task switch, be it with the value that it had; the state holds the new value (Intel SDM volume 3,
     * 4.10.4.1).
     *
     * @param keep whether bit 63 of the operand asked to keep translations; only where CR4.PCIDE is 1
     */
    default void loadedCr3(boolean keep) {
        // Nothing is kept unless the implementer does so.
    }

    /**
     * Whether the processor may take over the four page-directory-pointer entries of PAE paging (Intel SDM volume 3, 4.4.1).
     *
     * @param cr3 where they lie
     * @return false where one that is present has a reserved bit set, or where there is no memory; true unless overridden
     */
    default boolean arePointersValid(long cr3) {
        return true;
    }

    /**
     * INVLPG, and INVPCID of type 0 for the present PCID.
     *
     * @param linear any address in the page
     */
    default void invalidateTranslation(long linear) {
        // Nothing is kept unless the implementer does so.
    }

    /**
     * INVPCID (Intel SDM volume 2, INVPCID).
     *
     * @param type 0 one page of the PCID, 1 the PCID, 2 everything with global pages, 3 everything without
     * @param pcid 0 to 4095, for types 0 and 1
     * @param linear the address, for type 0
     */
    default void invalidatePcid(int type, int pcid, long linear) {
        // Nothing is kept unless the implementer does so.
    }
}
