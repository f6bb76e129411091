package dev.cloister.vmm.loader;

import java.util.ArrayList;
import java.util.List;

/**
 * The parts of an ELF executable that a loader needs, read once and checked (System V ABI, chapters 4 and 5).
 *
 * @param wide ELF64
 * @param entry e_entry, an address
 * @param segments program headers of the kinds that matter: PT_LOAD and PT_NOTE
 */
record Elf(boolean wide, long entry, List<Segment> segments) {
    static final int MAGIC = 0x464c_457f;

    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int ET_EXEC = 2;
    private static final int EM_386 = 3;
    private static final int EM_X86_64 = 62;

    /** More program headers than any kernel has; it bounds the work that a hostile file can ask for. */
    private static final int MAX_HEADERS = 128;

    private static final String AGAIN = "the image is damaged or no x86 executable; build or get it again";

    /**
     * A program header.
     *
     * @param index its number in the table
     * @param at its file offset
     * @param load PT_LOAD rather than PT_NOTE
     */
    record Segment(
            int index, long at, boolean load, long offset, long fileSize, long virtual, long physical, long size) {
        String name() {
            return "ELF segment " + index;
        }
    }

    static Elf parse(Bytes image) throws ImageException {
        int fileClass = image.u8(4, "ELF EI_CLASS");
        if (fileClass != 1 && fileClass != 2) {
            throw bad("ELF EI_CLASS", 4, fileClass, "1 (ELF32) or 2 (ELF64)");
        }
        boolean wide = fileClass == 2;
        identify(image, wide);
        long entry = address(image, 24, wide, "ELF e_entry");
        return new Elf(wide, entry, segments(image, wide));
    }

    private static void identify(Bytes image, boolean wide) throws ImageException {
        expect("ELF EI_DATA", 5, image.u8(5, "ELF EI_DATA"), 1);
        expect("ELF EI_VERSION", 6, image.u8(6, "ELF EI_VERSION"), 1);
        expect("ELF e_type", 16, image.u16(16, "ELF e_type"), ET_EXEC);
        expect("ELF e_machine", 18, image.u16(18, "ELF e_machine"), wide ? EM_X86_64 : EM_386);
        expect("ELF e_version", 20, image.u32(20, "ELF e_version"), 1);
    }

    /** Addresses in a kernel's upper half have bit 63 set, so they can't be refused as {@link Bytes#u63} does. */
    private static long address(Bytes image, long at, boolean wide, String what) throws ImageException {
        long low = image.u32(at, what);
        return wide ? low | image.u32(at + 4, what) << 32 : low;
    }

    private static List<Segment> segments(Bytes image, boolean wide) throws ImageException {
        long table = wide ? image.u63(32, "ELF e_phoff") : image.u32(28, "ELF e_phoff");
        int sizeAt = wide ? 54 : 42;
        int headerSize = wide ? 56 : 32;
        expect("ELF e_phentsize", sizeAt, image.u16(sizeAt, "ELF e_phentsize"), headerSize);
        int count = image.u16(sizeAt + 2L, "ELF e_phnum");
        if (count < 1 || count > MAX_HEADERS) {
            throw bad("ELF e_phnum", sizeAt + 2L, count, "1 to " + MAX_HEADERS);
        }
        image.slice(table, (long) count * headerSize, "ELF program headers");
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            addSegment(segments, image, table + (long) i * headerSize, i, wide);
        }
        return segments;
    }

    private static void addSegment(List<Segment> segments, Bytes image, long at, int index, boolean wide)
            throws ImageException {
        long type = image.u32(at, "ELF p_type");
        if (type == PT_LOAD || type == PT_NOTE) {
            Segment segment = wide ? wide(image, at, index, type) : narrow(image, at, index, type);
            check(image, segment, wide);
            segments.add(segment);
        }
    }

    private static Segment wide(Bytes image, long at, int index, long type) throws ImageException {
        return new Segment(
                index,
                at,
                type == PT_LOAD,
                image.u63(at + 8, "ELF p_offset"),
                image.u63(at + 32, "ELF p_filesz"),
                address(image, at + 16, true, "ELF p_vaddr"),
                image.u63(at + 24, "ELF p_paddr"),
                image.u63(at + 40, "ELF p_memsz"));
    }

    private static Segment narrow(Bytes image, long at, int index, long type) throws ImageException {
        return new Segment(
                index,
                at,
                type == PT_LOAD,
                image.u32(at + 4, "ELF p_offset"),
                image.u32(at + 16, "ELF p_filesz"),
                image.u32(at + 8, "ELF p_vaddr"),
                image.u32(at + 12, "ELF p_paddr"),
                image.u32(at + 20, "ELF p_memsz"));
    }

    private static void check(Bytes image, Segment segment, boolean wide) throws ImageException {
        long at = segment.at();
        if (!image.has(segment.offset(), segment.fileSize())) {
            throw new ImageException(
                    segment.name() + " p_offset and p_filesz",
                    at + (wide ? 8 : 4),
                    Bytes.hex(segment.fileSize()) + " bytes at " + Bytes.hex(segment.offset()),
                    "a range within the file's " + Bytes.hex(image.size()) + " bytes",
                    "the image is truncated; get it again");
        }
        if (segment.load() && segment.fileSize() > segment.size()) {
            throw bad(
                    segment.name() + " p_filesz",
                    at + (wide ? 32 : 16),
                    segment.fileSize(),
                    "at most p_memsz " + Bytes.hex(segment.size()));
        }
    }

    /** Places every PT_LOAD at its physical address. */
    void place(Plan plan, Bytes image) throws ImageException {
        boolean any = false;
        for (Segment each : segments) {
            if (each.load() && each.size() > 0) {
                any = true;
                plan.put(
                        each.name(),
                        each.physical(),
                        image.slice(each.offset(), each.fileSize(), each.name()),
                        each.size(),
                        each.at());
            }
        }
        if (!any) {
            throw bad("ELF program headers", 0, 0, "at least one PT_LOAD with something to load");
        }
    }

    /**
     * The physical address of the entry: e_entry where a segment is loaded there physically, else through the segment's
     * virtual addresses, as GRUB and Linux's own vmlinux need.
     */
    long physicalEntry() throws ImageException {
        for (Segment each : segments) {
            if (each.load() && within(entry, each.physical(), each.fileSize())) {
                return entry;
            }
        }
        for (Segment each : segments) {
            if (each.load() && within(entry, each.virtual(), each.fileSize())) {
                return each.physical() + (entry - each.virtual());
            }
        }
        throw bad("ELF e_entry", 24, entry, "an address within the file part of a loadable segment");
    }

    /** Whether a physical address is in the file part of a loaded segment. */
    boolean loads(long gpa) {
        for (Segment each : segments) {
            if (each.load() && within(gpa, each.physical(), each.fileSize())) {
                return true;
            }
        }
        return false;
    }

    private static boolean within(long address, long start, long size) {
        return Long.compareUnsigned(address - start, size) < 0;
    }

    private static void expect(String what, long at, long value, long wanted) throws ImageException {
        if (value != wanted) {
            throw bad(what, at, value, Long.toString(wanted));
        }
    }

    private static ImageException bad(String what, long at, long value, String expected) {
        return new ImageException(what, at, Bytes.hex(value), expected, AGAIN);
    }
}
