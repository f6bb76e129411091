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
}
