package dev.cloister.devices;

/**
 * A device behind guest-physical addresses. The same rules hold as for {@link PortDevice}.
 */
public interface MmioDevice {
    /**
     * Reads a register.
     *
     * @param offset address minus the base address
     * @param size bytes: 1, 2, 4 or 8; {@code offset + size} lies in the attached range; any alignment
     * @return the value; bits above the size are ignored
     */
    long read(long offset, int size);

    /**
     * Writes a register.
     *
     * @param offset address minus the base address
     * @param size bytes: 1, 2, 4 or 8; {@code offset + size} lies in the attached range; any alignment
     * @param value the value, zero-extended
     */
    void write(long offset, int size, long value);
}
