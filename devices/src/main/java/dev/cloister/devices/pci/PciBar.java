package dev.cloister.devices.pci;

import dev.cloister.devices.MmioDevice;

/**
 * A memory range that a function asks for (PCI 3.0, 6.2.5.1).
 *
 * @param index its first base address register, 0 to 5, or 0 to 4 where it is wide
 * @param wide whether it may lie above 4 GiB; it then takes two registers
 * @param prefetchable whether it is memory: reads have no effect, writes may be merged
 * @param size bytes, a power of two from 16
 * @param device what answers; offsets are from the range's start, sizes 1, 2, 4 or 8, perhaps misaligned
 * @param placement what follows the range to where the guest puts it
 */
public record PciBar(
        int index, boolean wide, boolean prefetchable, long size, MmioDevice device, BarPlacement placement) {
    static final int REGISTERS = 6;
    static final int MINIMUM = 16;

    /**
     * Checks the shape.
     *
     * @param index its first register
     * @param wide whether it may lie above 4 GiB
     * @param prefetchable whether it is memory
     * @param size bytes
     * @param device what answers
     * @param placement what follows the range
     */
    public PciBar {
        if (index < 0 || index + (wide ? 2 : 1) > REGISTERS) {
            throw new IllegalArgumentException(
                    "base address register " + index + "; expected 0 to 5, or 0 to 4 if wide");
        }
        if (size < MINIMUM || Long.bitCount(size) != 1 || !wide && size > 1L << 31) {
            throw new IllegalArgumentException("base address register " + index + ": 0x" + Long.toHexString(size)
                    + " bytes; expected a power of two from 0x10");
        }
    }

    /**
     * Registers with effects.
     *
     * @param index its first register
     * @param wide whether it may lie above 4 GiB
     * @param size bytes
     * @param device what answers
     */
    public PciBar(int index, boolean wide, long size, MmioDevice device) {
        this(index, wide, false, size, device, BarPlacement.NONE);
    }
}
