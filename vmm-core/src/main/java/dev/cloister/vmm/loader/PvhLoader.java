package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;

/**
 * ELF executables entered by the x86/HVM direct boot ABI (Xen, docs/misc/pvh.pandoc and
 * xen/include/public/arch-x86/hvm/start_info.h): 32-bit protected mode, EBX points to {@code hvm_start_info}.
 */
final class PvhLoader {
    private static final int NOTE_PHYS32_ENTRY = 18;
    private static final int NAME_XEN = 0x006e_6558;
    private static final int NOTE_HEADER = 12;
    private static final int START_MAGIC = 0x336e_c578;
    private static final int START_BYTES = 56;
    private static final int MODULE_BYTES = 32;
    private static final int MEMMAP_BYTES = 24;

    private PvhLoader() {}

    /** The entry that the first PHYS32_ENTRY note names, or nothing. */
    static OptionalLong entry(Bytes image, Elf elf) throws ImageException {
        for (Elf.Segment each : elf.segments()) {
            if (!each.load()) {
                OptionalLong found = scan(image, each.offset(), each.offset() + each.fileSize());
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return OptionalLong.empty();
    }

    /** Walks notes of one segment; each step moves on by at least the note header, so it ends. */
    private static OptionalLong scan(Bytes image, long start, long end) throws ImageException {
        long at = start;
        while (at <= end - NOTE_HEADER) {
            long nameSize = image.u32(at, "ELF note name size");
            long descriptorSize = image.u32(at + 4, "ELF note descriptor size");
            long descriptor = at + NOTE_HEADER + align4(nameSize);
            long next = descriptor + align4(descriptorSize);
            if (descriptor + descriptorSize > end) {
                throw new ImageException(
                        "ELF note sizes",
                        at,
                        nameSize + " and " + descriptorSize + " bytes",
                        "a note within its segment, which ends at " + Bytes.hex(end),
                        "the image is damaged; build or get it again");
            }
            boolean xen = nameSize == 4 && image.isU32(at + NOTE_HEADER, NAME_XEN);
            if (xen && image.u32(at + 8, "ELF note type") == NOTE_PHYS32_ENTRY) {
                return OptionalLong.of(address(image, descriptor, descriptorSize));
            }
            at = next;
        }
        return OptionalLong.empty();
    }

    private static long address(Bytes image, long at, long size) throws ImageException {
        String what = "PVH entry note";
        if (size != 4 && size != 8) {
            throw new ImageException(
                    what, at, size + " bytes", "4 or 8 bytes", "build the note as XEN_ELFNOTE_PHYS32_ENTRY asks");
        }
        return size == 4 ? image.u32(at, what) : image.u63(at, what);
    }

    private static long align4(long size) {
        return (size + 3) & ~3L;
    }

    static LoadedImage load(MemorySegment file, GuestSink sink, LoadOptions options) throws ImageException {
        Bytes image = new Bytes(file);
        Elf elf = Elf.parse(image);
        OptionalLong found = entry(image, elf);
        if (found.isEmpty()) {
            throw new ImageException(
                    "PVH entry note",
                    0,
                    "none",
                    "an ELF note named Xen of type 18",
                    "build the kernel with CONFIG_PVH, or load it by another format");
        }
        long entry = found.getAsLong();
        if (entry > 0xffff_ffffL || !elf.loads(entry)) {
            throw new ImageException(
                    "PVH entry",
                    0,
                    Bytes.hex(entry),
                    "a physical address below 4 GiB within the file part of a loadable segment",
                    "the note and the program headers disagree; build the image again");
        }
        Plan plan = new Plan(options.memoryMap());
        elf.place(plan, image);
        List<Modules.Placed> modules = Modules.place(plan, options.modules());
        long start = startInfo(plan, options, modules);
        return plan.commit(sink, ImageFormat.PVH, Entries.protected32(plan, entry, 0, start));
    }

    private static long startInfo(Plan plan, LoadOptions options, List<Modules.Placed> modules) throws ImageException {
        byte[] line = Strings.terminated("command line", options.linuxCommandLine(), Modules.MAX_STRING);
        long lineAt = Modules.low(plan, "command line", line);
        long modulesAt = 0;
        if (!modules.isEmpty()) {
            ByteBuffer list = Entries.buffer(modules.size() * MODULE_BYTES);
            for (Modules.Placed each : modules) {
                list.putLong(each.start())
                        .putLong(each.size())
                        .putLong(each.string())
                        .putLong(0);
            }
            modulesAt = Modules.low(plan, "PVH module list", list);
        }
        List<MemoryRange> ranges = plan.map().ranges();
        ByteBuffer map = Entries.buffer(ranges.size() * MEMMAP_BYTES);
        for (MemoryRange each : ranges) {
            map.putLong(each.gpa())
                    .putLong(each.size())
                    .putInt(each.kind().code())
                    .putInt(0);
        }
        long mapAt = Modules.low(plan, "PVH memory map", map);
        ByteBuffer info = Entries.buffer(START_BYTES);
        info.putInt(START_MAGIC).putInt(1).putInt(0).putInt(modules.size());
        info.putLong(modulesAt).putLong(lineAt).putLong(plan.putAcpi(options.acpi()));
        info.putLong(mapAt).putInt(ranges.size()).putInt(0);
        return Modules.low(plan, "hvm_start_info", info);
    }
}
