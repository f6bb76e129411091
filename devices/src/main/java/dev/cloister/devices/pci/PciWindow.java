package dev.cloister.devices.pci;

/**
 * Guest-physical addresses that belong to the bus: ranges of functions decode only inside a window. Windows lie outside RAM, firmware
 * and every other device; so no guest can lay a range over those.
 *
 * @param base first guest-physical address, a multiple of 4096
 * @param length bytes, a multiple of 4096
 */
public record PciWindow(long base, long length) {
    /**
     * Where it ends.
     *
     * @return the first address after it
     */
    public long end() {
        return base + length;
    }

    /** Whether all of a range lies inside. */
    boolean holds(long gpa, long size) {
        return gpa >= base && size <= length && gpa - base <= length - size;
    }
}
