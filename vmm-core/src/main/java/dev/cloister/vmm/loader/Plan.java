package dev.cloister.vmm.loader;

import dev.cloister.devices.acpi.AcpiTables;
import dev.cloister.devices.smbios.SmbiosTables;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes where, before anything is written: every placement is checked against the memory map and all others as it is
 * made, and {@link #commit} writes only when the whole image has passed.
 */
final class Plan {
    /** Page 0 holds the real-mode vectors and is never handed out. */
    static final long LOWEST = 0x1000;

    private static final long PAGE = 4096;
    private static final long KIB = 1024;

    /** Kernels without ACPI search the last 64 KiB of the first MiB for it. */
    private static final long MP_TABLE = 0xF_0000;

    /** They search it for SMBIOS as well; the MP table of 255 processors is shorter than this. */
    private static final long SMBIOS = 0xF_4000;

    private record Item(String what, long gpa, MemorySegment bytes, long size) {}

    private record Taken(String what, long gpa, long end) {}

    private final MemoryMap map;
    private final List<Item> items = new ArrayList<>();
    private final List<Taken> taken = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Plan(MemoryMap map) {
        this.map = map;
    }

    MemoryMap map() {
        return map;
    }

    void note(String text) {
        notes.add(text);
    }

    /**
     * Places bytes, and zeros up to {@code size}, at an address the image names.
     *
     * @param offset the file offset of the field that names the address
     */
    void put(String what, long gpa, MemorySegment bytes, long size, long offset) throws ImageException {
        if (!map.isRam(gpa, size)) {
            throw new ImageException(
                    what,
                    offset,
                    range(gpa, size),
                    "a place within the guest's RAM",
                    "give the guest more memory, or link the image for an address that is RAM (docs/images.md)");
        }
        Taken other = overlapping(gpa, size);
        if (other != null) {
            throw new ImageException(
                    what,
                    offset,
                    range(gpa, size),
                    "no overlap with " + other.what() + " (" + range(other.gpa(), other.end() - other.gpa()) + ")",
                    "link the image so that its parts lie apart");
        }
        add(what, gpa, bytes, size);
    }

    /** Places bytes where the caller knows better than the map (a firmware's ROM and its shadow). */
    void putFixed(String what, long gpa, MemorySegment bytes) {
        add(what, gpa, bytes, bytes.byteSize());
    }

    /** Whether nothing is placed or reserved there yet. */
    boolean isFree(long gpa, long size) {
        return overlapping(gpa, size) == null;
    }

    /**
     * Places ACPI tables and those that go with them, if the guest has any, in the BIOS area, which the map reserves for them.
     *
     * @return the guest-physical address of their root pointer; 0 if there are none
     */
    long putAcpi(@Nullable AcpiTables tables) {
        if (tables == null) {
            return 0;
        }
        putFixed("ACPI tables", tables.gpa(), MemorySegment.ofArray(tables.bytes()));
        putFixed("MP table", MP_TABLE, MemorySegment.ofArray(tables.multiprocessorTable(MP_TABLE)));
        putFixed("SMBIOS tables", SMBIOS, MemorySegment.ofArray(smbios(tables.processors())));
        return tables.gpa();
    }

    private byte[] smbios(int processors) {
        List<SmbiosTables.Memory> memory = new ArrayList<>();
        for (MemoryRange each : map.ranges()) {
            long whole = each.size() & -KIB;
            if (each.kind() == MemoryRange.Kind.RAM && whole > 0) {
                memory.add(new SmbiosTables.Memory(each.gpa(), whole));
            }
        }
        return SmbiosTables.at(SMBIOS, processors, memory);
    }

    /** Keeps {@link #allocate} out of a range of RAM that the guest will use by itself. */
    void reserve(String what, long gpa, long size, long offset) throws ImageException {
        if (!map.isRam(gpa, size)) {
            throw new ImageException(
                    what, offset, range(gpa, size), "a place within the guest's RAM", "give the guest more memory");
        }
        taken.add(new Taken(what, gpa, gpa + size));
    }

    /**
     * Finds a free place in RAM and takes it. The content is placed later by {@link #fill}.
     *
     * @param size bytes, above 0
     * @param min lowest address
     * @param max first address that it must not reach
     * @param fromTop highest place instead of lowest
     * @return the page-aligned guest-physical address
     */
    long allocate(String what, long size, long min, long max, boolean fromTop) throws ImageException {
        List<MemoryRange> ranges = fromTop ? map.ranges().reversed() : map.ranges();
        for (MemoryRange range : ranges) {
            if (range.kind() == MemoryRange.Kind.RAM) {
                long low = Math.max(Math.max(range.gpa(), min), LOWEST);
                long high = Math.min(range.end(), max);
                long found = fromTop ? searchDown(low, high, size) : searchUp(low, high, size);
                if (found >= 0) {
                    taken.add(new Taken(what, found, found + size));
                    return found;
                }
            }
        }
        throw new ImageException(
                what,
                ImageException.NO_OFFSET,
                size + " bytes",
                "free RAM from " + Bytes.hex(min) + " to " + Bytes.hex(max),
                "give the guest more memory");
    }

    /** Places the content of a range that {@link #allocate} returned. */
    void fill(String what, long gpa, MemorySegment bytes) {
        items.add(new Item(what, gpa, bytes, bytes.byteSize()));
    }

    /** Takes a place and fills it. */
    long place(String what, MemorySegment bytes, long min, long max) throws ImageException {
        long gpa = allocate(what, bytes.byteSize(), min, max, false);
        fill(what, gpa, bytes);
        return gpa;
    }

    /** The first address after everything placed so far, at least {@code floor}. */
    long endOfPlaced(long floor) {
        long end = floor;
        for (Taken each : taken) {
            end = Math.max(end, each.end());
        }
        return end;
    }

    /** The lowest address placed so far. */
    long startOfPlaced() {
        long start = Long.MAX_VALUE;
        for (Taken each : taken) {
            start = Math.min(start, each.gpa());
        }
        return start;
    }

    /** Writes everything, or throws before the first byte where guest memory lacks what the map promises. */
    LoadedImage commit(GuestSink sink, ImageFormat format, EntryState entry) throws ImageException {
        for (Item item : items) {
            if (!sink.contains(item.gpa(), item.size())) {
                throw new ImageException(
                        item.what(),
                        ImageException.NO_OFFSET,
                        range(item.gpa(), item.size()),
                        "guest memory there",
                        "build guest memory as the memory map says, with a ROM region for firmware");
            }
        }
        List<LoadedImage.Placement> placements = new ArrayList<>();
        for (Item item : items) {
            long length = item.bytes().byteSize();
            if (length > 0) {
                sink.write(item.gpa(), item.bytes());
            }
            if (item.size() > length) {
                sink.zero(item.gpa() + length, item.size() - length);
            }
            placements.add(new LoadedImage.Placement(item.what(), item.gpa(), item.size()));
        }
        placements.sort(Comparator.comparingLong(LoadedImage.Placement::gpa));
        return new LoadedImage(format, entry, map, placements, notes);
    }

    private void add(String what, long gpa, MemorySegment bytes, long size) {
        taken.add(new Taken(what, gpa, gpa + size));
        items.add(new Item(what, gpa, bytes, size));
    }

    private long searchUp(long low, long high, long size) {
        long candidate = alignUp(low);
        while (candidate <= high - size) {
            Taken other = overlapping(candidate, size);
            if (other == null) {
                return candidate;
            }
            candidate = alignUp(other.end());
        }
        return -1;
    }

    private long searchDown(long low, long high, long size) {
        long candidate = (high - size) & -PAGE;
        while (candidate >= low) {
            Taken other = overlapping(candidate, size);
            if (other == null) {
                return candidate;
            }
            candidate = (other.gpa() - size) & -PAGE;
        }
        return -1;
    }

    private @Nullable Taken overlapping(long gpa, long size) {
        for (Taken each : taken) {
            if (gpa < each.end() && each.gpa() < gpa + size) {
                return each;
            }
        }
        return null;
    }

    static long alignUp(long gpa) {
        return alignTo(gpa, PAGE);
    }

    static long alignTo(long value, long powerOfTwo) {
        return (value + powerOfTwo - 1) & -powerOfTwo;
    }

    static String range(long gpa, long size) {
        return Bytes.hex(size) + " bytes at guest address " + Bytes.hex(gpa);
    }
}
