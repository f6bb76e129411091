package dev.cloister.vmm.loader;

import java.util.ArrayList;
import java.util.List;

/**
 * The memory map that a guest is told (e820): ranges in ascending order that do not overlap.
 *
 * @param ranges the ranges; at most {@value #MAX_RANGES}
 */
public record MemoryMap(List<MemoryRange> ranges) {
    /** As many ranges as {@code boot_params} can hold (Linux {@code E820_MAX_ENTRIES_ZEROPAGE}). */
    public static final int MAX_RANGES = 128;

    /** End of conventional memory; the extended BIOS data area follows. */
    public static final long LOW_RAM_END = 0x9_fc00;

    /** First byte above the legacy hole. */
    public static final long HIGH_RAM_START = 0x10_0000;

    /** Where RAM below 4 GiB ends at most; what is left continues at 4 GiB. */
    public static final long LOW_RAM_LIMIT = 0xC000_0000L;

    /** Where RAM above the hole starts. */
    public static final long FOUR_GIB = 0x1_0000_0000L;

    private static final long CLOISTER_HOLE = 0xD000_0000L;
    private static final long CLOISTER_HOLE_SIZE = 0x1000_0000L;
    private static final long BIOS_AREA = 0xE_0000;
    private static final long PCI_CONFIGURATION = 0xE000_0000L;
    private static final long PCI_CONFIGURATION_SIZE = 0x10_0000L;

    /** Checks order and count. */
    public MemoryMap {
        ranges = List.copyOf(ranges);
        if (ranges.isEmpty() || ranges.size() > MAX_RANGES) {
            throw new IllegalArgumentException("a memory map has 1 to " + MAX_RANGES + " ranges, not " + ranges.size());
        }
        for (int i = 1; i < ranges.size(); i++) {
            if (ranges.get(i).gpa() < ranges.get(i - 1).end()) {
                throw new IllegalArgumentException(
                        "memory ranges must ascend without overlap: " + ranges.get(i - 1) + " then " + ranges.get(i));
            }
        }
    }

    /**
     * The map of Cloister's PC: RAM up to 0x9fc00, the EBDA and the BIOS area with the ACPI tables reserved, RAM from 1 MiB
     * to {@link #LOW_RAM_LIMIT}, Cloister's directory and channel windows (0xD000_0000 to 0xDFFF_FFFF) and PCI's
     * configuration space (0xE000_0000 to 0xE00F_FFFF) reserved, and the rest of RAM from 4 GiB on.
     *
     * @param ramBytes guest memory, at least 4096
     * @return the map
     */
    public static MemoryMap pc(long ramBytes) {
        if (ramBytes < 4096 || ramBytes > 1L << 46) {
            throw new IllegalArgumentException(
                    "guest memory of " + ramBytes + " bytes is outside 4096 to 2^46; give another amount");
        }
        List<MemoryRange> ranges = new ArrayList<>();
        ranges.add(new MemoryRange(0, Math.min(ramBytes, LOW_RAM_END), MemoryRange.Kind.RAM));
        if (ramBytes > LOW_RAM_END) {
            ranges.add(new MemoryRange(LOW_RAM_END, 0xA_0000 - LOW_RAM_END, MemoryRange.Kind.RESERVED));
        }
        ranges.add(new MemoryRange(BIOS_AREA, HIGH_RAM_START - BIOS_AREA, MemoryRange.Kind.RESERVED));
        if (ramBytes > HIGH_RAM_START) {
            long end = Math.min(ramBytes, LOW_RAM_LIMIT);
            ranges.add(new MemoryRange(HIGH_RAM_START, end - HIGH_RAM_START, MemoryRange.Kind.RAM));
        }
        ranges.add(new MemoryRange(CLOISTER_HOLE, CLOISTER_HOLE_SIZE, MemoryRange.Kind.RESERVED));
        ranges.add(new MemoryRange(PCI_CONFIGURATION, PCI_CONFIGURATION_SIZE, MemoryRange.Kind.RESERVED));
        if (ramBytes > LOW_RAM_LIMIT) {
            ranges.add(new MemoryRange(FOUR_GIB, ramBytes - LOW_RAM_LIMIT, MemoryRange.Kind.RAM));
        }
        return new MemoryMap(ranges);
    }

    /** Bytes that the guest is told are RAM. */
    long ramBytes() {
        long bytes = 0;
        for (MemoryRange each : ranges) {
            bytes += each.kind() == MemoryRange.Kind.RAM ? each.size() : 0;
        }
        return bytes;
    }

    /**
     * Whether a range lies wholly within one RAM range of the map.
     *
     * @param gpa first guest-physical address
     * @param length bytes, at least 0
     * @return true if the guest is told that all of it is RAM
     */
    public boolean isRam(long gpa, long length) {
        for (MemoryRange range : ranges) {
            if (range.kind() == MemoryRange.Kind.RAM && range.contains(gpa, length)) {
                return true;
            }
        }
        return false;
    }
}
