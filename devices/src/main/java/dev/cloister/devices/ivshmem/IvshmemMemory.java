package dev.cloister.devices.ivshmem;

import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.pci.BarPlacement;

/**
 * What lies in BAR 2.
 *
 * @param bytes how much there is, 0 or more; the range is the next power of two, 4096 at least
 * @param device what answers where the guest does not reach the memory itself; also behind its end
 * @param placement what lets the guest reach it
 */
public record IvshmemMemory(long bytes, MmioDevice device, BarPlacement placement) {
    private static final long MINIMUM = 4096;

    /**
     * Checks the size.
     *
     * @param bytes how much there is
     * @param device what answers
     * @param placement what lets the guest reach it
     */
    public IvshmemMemory {
        if (bytes < 0 || bytes > 1L << 46) {
            throw new IllegalArgumentException(bytes + " bytes of shared memory; expected 0 to 2^46");
        }
    }

    /** Bytes of the range. */
    long rangeBytes() {
        long wanted = Math.max(bytes, MINIMUM);
        long half = Long.highestOneBit(wanted);
        return half == wanted ? wanted : half << 1;
    }
}
