package dev.cloister.emulator.cpu;

/** The I/O ports that {@code in}, {@code out}, {@code ins} and {@code outs} reach. Called on the processor's thread. */
public interface PortIo {
    /**
     * Reads a port.
     *
     * @param port 0 to 65535
     * @param size 1, 2 or 4
     * @return the value, zero-extended
     */
    int in(int port, int size);

    /**
     * Writes a port.
     *
     * @param port 0 to 65535
     * @param size 1, 2 or 4
     * @param value the low {@code size} bytes count
     */
    void out(int port, int size, int value);
}
