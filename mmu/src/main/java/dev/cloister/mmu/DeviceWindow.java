package dev.cloister.mmu;

/**
 * What answers guest-physical addresses without memory: a device's registers, or the bus behind all of them. Called on the thread of
 * the processor that makes the access. An access never crosses a page.
 */
public interface DeviceWindow {
    /**
     * Reads.
     *
     * @param gpa guest-physical address
     * @param size 1, 2, 4 or 8 bytes
     * @return the value, zero-extended; all ones by convention where nothing answers
     */
    long read(long gpa, int size);

    /**
     * Writes.
     *
     * @param gpa guest-physical address
     * @param size 1, 2, 4 or 8 bytes
     * @param value the value in its low bytes; the rest is 0
     */
    void write(long gpa, int size, long value);
}
