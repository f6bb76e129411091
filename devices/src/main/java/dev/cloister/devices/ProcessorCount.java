package dev.cloister.devices;

/**
 * The part of QEMU's firmware configuration device ({@code fw_cfg}, QEMU's specification "fw_cfg", x86 port registers) that tells the
 * number of processors: test kernels that start without ACPI tables look there and nowhere else. Every other item, the signature
 * included, reads as zeros, so that firmware does not take the machine for QEMU's. Thread-safe.
 */
public final class ProcessorCount implements PortDevice {
    /** The selector; the data register is the next port. */
    public static final int PORT = 0x510;
    /** How many ports it takes. */
    public static final int PORTS = 2;

    private static final int DATA = 1;
    private static final int PRESENT_PROCESSORS = 0x05;
    private static final int MOST_PROCESSORS = 0x0F;
    private static final int ITEM = 0x3FFF;

    private final int processors;
    private int item;
    private int position;

    /**
     * The device of one machine.
     *
     * @param processors how many it has, 1 to 65535
     */
    public ProcessorCount(int processors) {
        this.processors = processors;
    }

    @Override
    public synchronized long read(int offset, int size) {
        // Data is a byte at a time; the selector can't be read.
        return offset == DATA && size == 1 ? next() : 0;
    }

    private int next() {
        boolean known = item == PRESENT_PROCESSORS || item == MOST_PROCESSORS;
        if (!known || position >= Short.BYTES) {
            return 0;
        }
        return processors >>> 8 * position++ & 0xFF;
    }

    @Override
    public synchronized void write(int offset, int size, long value) {
        if (offset == 0 && size == Short.BYTES) {
            item = (int) value & ITEM;
            position = 0;
        }
    }
}
