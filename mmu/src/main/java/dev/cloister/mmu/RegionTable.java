package dev.cloister.mmu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The sorted, immutable regions of a memory, as arrays that are quick to search. */
final class RegionTable {
    private static final long GPA_LIMIT = 1L << 52;
    private static final int ATOMIC_ALIGNMENT = 8;

    final List<Region> regions;
    private final long[] starts;
    private final long[] sizes;
    private final MemorySegment[] hosts;
    private final boolean[] writable;
    private final PageFlags[] flags;
    private final Region[] devices;

    /**
     * Sorts and checks.
     *
     * @param before the table that this one replaces, whose regions keep their flags
     */
    RegionTable(List<Region> unsorted, WriteWatch watch, RegionTable before) {
        List<Region> sorted = new ArrayList<>(unsorted);
        sorted.sort(Comparator.comparingLong(Region::gpa));
        check(sorted);
        regions = List.copyOf(sorted);
        devices = sorted.stream().filter(RegionTable::isDevice).toArray(Region[]::new);
        Region[] memory = sorted.stream().filter(region -> !isDevice(region)).toArray(Region[]::new);
        int count = memory.length;
        starts = new long[count];
        sizes = new long[count];
        hosts = new MemorySegment[count];
        writable = new boolean[count];
        flags = new PageFlags[count];
        for (int i = 0; i < count; i++) {
            Region region = memory[i];
            starts[i] = region.gpa();
            sizes[i] = region.size();
            hosts[i] = region.host();
            writable[i] = region.writable();
            PageFlags kept = before == null ? null : before.flagsOf(region);
            flags[i] = kept == null ? new PageFlags(watch, region) : kept;
        }
    }

    private static boolean isDevice(Region region) {
        return region.kind() == Region.Kind.DEVICE;
    }

    private PageFlags flagsOf(Region region) {
        int index = find(region.gpa());
        return index >= 0 && hosts[index].equals(region.host()) ? flags[index] : null;
    }

    private static void check(List<Region> sorted) {
        Set<String> names = new HashSet<>();
        Region previous = null;
        for (Region region : sorted) {
            checkOne(region);
            if (!names.add(region.name())) {
                throw new IllegalArgumentException(
                        "memory region '" + region.name() + "' is declared twice; names must differ");
            }
            if (previous != null && region.gpa() < previous.end()) {
                throw new IllegalArgumentException("memory region " + text(region) + " overlaps " + text(previous));
            }
            previous = region;
        }
    }

    private static void checkOne(Region region) {
        long mask = GuestMemory.PAGE_BYTES - 1;
        long gpa = region.gpa();
        long size = region.size();
        if (size == 0) {
            throw new IllegalArgumentException("memory region " + text(region) + " is empty; expected at least a page");
        }
        if (((gpa | size) & mask) != 0) {
            throw new IllegalArgumentException("memory region " + text(region)
                    + " is not aligned; address and size must be multiples of " + GuestMemory.PAGE_BYTES);
        }
        // Unsigned: a negative address is a huge one. The difference is taken only once it can't wrap.
        if (Long.compareUnsigned(gpa, GPA_LIMIT) >= 0 || size > GPA_LIMIT - gpa) {
            throw new IllegalArgumentException("memory region " + text(region)
                    + " runs past the last guest-physical address 0x" + Long.toHexString(GPA_LIMIT - 1));
        }
        if (!isDevice(region)) {
            checkHost(region);
        }
    }

    private static void checkHost(Region region) {
        if (region.size() != region.host().byteSize()) {
            throw new IllegalArgumentException("memory region " + text(region) + " lies in host memory of 0x"
                    + Long.toHexString(region.host().byteSize()) + " bytes; expected the same size");
        }
        if (region.host().maxByteAlignment() < ATOMIC_ALIGNMENT) {
            throw new IllegalArgumentException("memory region " + text(region) + " lies in host memory aligned to "
                    + region.host().maxByteAlignment() + " bytes; atomic access needs " + ATOMIC_ALIGNMENT);
        }
    }

    private static String text(Region region) {
        return "'" + region.name() + "' at 0x" + Long.toHexString(region.gpa()) + " with 0x"
                + Long.toHexString(region.size()) + " bytes";
    }

    /** Index of the region that holds the address, or -1. */
    int find(long gpa) {
        int low = 0;
        int high = starts.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            // One unsigned comparison: an address below the start wraps to a huge offset.
            long start = starts[middle];
            if (Long.compareUnsigned(gpa - start, sizes[middle]) < 0) {
                return middle;
            }
            if (Long.compareUnsigned(gpa, start) < 0) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return -1;
    }

    /** Index of the region that holds all of the access, or -1. */
    int findWhole(long gpa, long size) {
        int index = find(gpa);
        return index >= 0 && sizes[index] - (gpa - starts[index]) >= size ? index : -1;
    }

    MemorySegment host(int index) {
        return hosts[index];
    }

    long offset(int index, long gpa) {
        return gpa - starts[index];
    }

    /** Bytes from the address to the end of its region. */
    long room(int index, long gpa) {
        return sizes[index] - (gpa - starts[index]);
    }

    PageFlags flags(int index) {
        return flags[index];
    }

    List<PageFlags> flags() {
        return List.of(flags);
    }

    /** The device whose region holds the address, or null. */
    Region device(long gpa) {
        for (Region region : devices) {
            if (Long.compareUnsigned(gpa - region.gpa(), region.size()) < 0) {
                return region;
            }
        }
        return null;
    }

    boolean isWritable(int index) {
        return writable[index];
    }

    /** Whether neighbouring regions back every byte; null if so, else the reason why not. */
    GuestMemoryException.Reason refusal(long gpa, long size, boolean write) {
        if (size < 0) {
            return GuestMemoryException.Reason.UNBACKED;
        }
        long at = gpa;
        long left = size;
        while (left > 0) {
            int index = find(at);
            if (index < 0) {
                return GuestMemoryException.Reason.UNBACKED;
            }
            if (write && !writable[index]) {
                return GuestMemoryException.Reason.READ_ONLY;
            }
            long step = Math.min(left, room(index, at));
            // Regions end at 2^52 at the latest: no wrap-around.
            at += step;
            left -= step;
        }
        return null;
    }
}
