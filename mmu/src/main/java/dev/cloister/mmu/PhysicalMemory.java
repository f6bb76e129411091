package dev.cloister.mmu;

/**
 * Guest-physical memory as the page walker and the emulator see it. {@link GuestMemory} is the plain implementation; an engine may put
 * another in front of it that sends what is no memory to a bus.
 *
 * <p>All values are little-endian. An address is any 64-bit value: what is not backed is refused with {@link GuestMemoryException},
 * never with another exception. Reads and writes of naturally aligned values are single-copy atomic but unordered; the atomic
 * operations have the memory effects of {@link java.lang.invoke.VarHandle#compareAndSet}, {@code getAcquire} and {@code setRelease}.
 * Implementations are safe for use by several threads and allocate nothing unless they refuse.
 */
public interface PhysicalMemory {
    /**
     * Reads one byte.
     *
     * @param gpa guest-physical address
     * @return the byte
     * @throws GuestMemoryException if the address is not backed
     */
    byte readByte(long gpa);

    /**
     * Reads two bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @return the value
     * @throws GuestMemoryException if a byte of it is not backed
     */
    short readShort(long gpa);

    /**
     * Reads four bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @return the value
     * @throws GuestMemoryException if a byte of it is not backed
     */
    int readInt(long gpa);

    /**
     * Reads eight bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @return the value
     * @throws GuestMemoryException if a byte of it is not backed
     */
    long readLong(long gpa);

    /**
     * Writes one byte.
     *
     * @param gpa guest-physical address
     * @param value the byte
     * @throws GuestMemoryException if the address is not backed by writable memory
     */
    void writeByte(long gpa, byte value);

    /**
     * Writes two bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @param value the value
     * @throws GuestMemoryException if a byte of it is not backed by writable memory; then nothing was written
     */
    void writeShort(long gpa, short value);

    /**
     * Writes four bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @param value the value
     * @throws GuestMemoryException if a byte of it is not backed by writable memory; then nothing was written
     */
    void writeInt(long gpa, int value);

    /**
     * Writes eight bytes.
     *
     * @param gpa guest-physical address, of any alignment
     * @param value the value
     * @throws GuestMemoryException if a byte of it is not backed by writable memory; then nothing was written
     */
    void writeLong(long gpa, long value);

    /**
     * Replaces four bytes in one atomic step if they hold the expected value.
     *
     * @param gpa guest-physical address, a multiple of 4
     * @param expected the value that must be there
     * @param value the value to put there
     * @return whether it was replaced
     * @throws GuestMemoryException if the address is misaligned or not backed by writable memory
     */
    boolean compareAndSetInt(long gpa, int expected, int value);

    /**
     * Replaces eight bytes in one atomic step if they hold the expected value.
     *
     * @param gpa guest-physical address, a multiple of 8
     * @param expected the value that must be there
     * @param value the value to put there
     * @return whether it was replaced
     * @throws GuestMemoryException if the address is misaligned or not backed by writable memory
     */
    boolean compareAndSetLong(long gpa, long expected, long value);
}
