package dev.cloister.devices;

/**
 * A device behind I/O ports. The bus calls it only within the range that it was attached with, from any vCPU thread, also from several
 * at once: a device locks its own state. It must not block for long, and must not throw (see {@link PortBus} for what happens if it
 * does).
 */
public interface PortDevice {
    /**
     * Reads a register.
     *
     * @param offset port minus the base port
     * @param size bytes: 1, 2 or 4; {@code offset + size} lies in the attached range
     * @return the value; bits above the size are ignored
     */
    long read(int offset, int size);

    /**
     * Writes a register.
     *
     * @param offset port minus the base port
     * @param size bytes: 1, 2 or 4; {@code offset + size} lies in the attached range
     * @param value the value, zero-extended
     */
    void write(int offset, int size, long value);
}
