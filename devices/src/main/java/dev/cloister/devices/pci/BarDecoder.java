package dev.cloister.devices.pci;

import dev.cloister.devices.MmioDevice;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Finds the range of a function that holds an address: a binary search over an immutable table, allocating nothing. Where ranges overlap,
 * the one that was given first answers, the other not at all (PCI leaves it open). Any thread.
 */
final class BarDecoder {
    /** One range in force. */
    record Decode(long base, PciBar bar) {
        boolean overlaps(Decode other) {
            return base < other.base + other.bar.size() && other.base < base + bar.size();
        }
    }

    private volatile Decode[] table = new Decode[0];

    /** Puts other ranges in force, the stronger first. */
    void set(List<Decode> ranges) {
        Decode[] next = new Decode[ranges.size()];
        int count = 0;
        for (Decode range : ranges) {
            boolean free = true;
            for (int i = 0; i < count; i++) {
                free &= !next[i].overlaps(range);
            }
            if (free) {
                next[count++] = range;
            }
        }
        next = Arrays.copyOf(next, count);
        Arrays.sort(next, Comparator.comparingLong(Decode::base));
        table = next;
    }

    /** Where the range with this device begins now, or -1. */
    long baseOf(MmioDevice device) {
        for (Decode range : table) {
            if (range.bar.device() == device) {
                return range.base;
            }
        }
        return -1;
    }

    private static int find(Decode[] ranges, long gpa) {
        int low = 0;
        int high = ranges.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Decode range = ranges[middle];
            if (gpa < range.base) {
                high = middle - 1;
            } else if (gpa - range.base >= range.bar.size()) {
                low = middle + 1;
            } else {
                return middle;
            }
        }
        return -1;
    }

    long read(long gpa, int size) {
        Decode[] ranges = table;
        int index = find(ranges, gpa);
        if (index < 0) {
            return -1;
        }
        Decode range = ranges[index];
        long offset = gpa - range.base;
        if (size <= range.bar.size() - offset) {
            return range.bar.device().read(offset, size);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (read(gpa + i, 1) & 0xff) << Byte.SIZE * i;
        }
        return value;
    }

    void write(long gpa, int size, long value) {
        Decode[] ranges = table;
        int index = find(ranges, gpa);
        if (index < 0) {
            return;
        }
        Decode range = ranges[index];
        long offset = gpa - range.base;
        if (size <= range.bar.size() - offset) {
            range.bar.device().write(offset, size, value);
            return;
        }
        for (int i = 0; i < size; i++) {
            write(gpa + i, 1, value >>> Byte.SIZE * i & 0xff);
        }
    }
}
