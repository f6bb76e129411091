package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Multiboot 1 images (specification 0.6.96). The header's address fields, where flag 16 is set, go before ELF headers, as
 * in GRUB and QEMU. An ELF64 image is loaded by its physical addresses and entered in 32-bit protected mode, as GRUB does
 * (QEMU refuses it).
 */
final class MultibootLoader {
    private static final long LOADER_MAGIC = 0x2bad_b002L;
    private static final int INFO_BYTES = 116;
    private static final int INFO_FLAGS = 1 | 1 << 2 | 1 << 6 | 1 << 9;
    private static final int INFO_MODULES = 1 << 3;
    private static final int MODULE_BYTES = 16;
    private static final int MAP_ENTRY_BYTES = 24;
    private static final String RELINK = "build the image again with consistent Multiboot address fields";

    private MultibootLoader() {}

    static LoadedImage load(MemorySegment file, GuestSink sink, LoadOptions options) throws ImageException {
        Bytes image = new Bytes(file);
        MultibootHeader header = MultibootHeader.find(image)
                .orElseThrow(() -> new ImageException(
                        "Multiboot header",
                        0,
                        "none",
                        "magic 0x1badb002, flags and a checksum that makes their sum 0, 4-byte aligned in the first"
                                + " 8 KiB",
                        "link the header first, or load the image by another format"));
        header.checkFlags();
        Plan plan = new Plan(options.memoryMap());
        if (header.wantsVideo()) {
            plan.note("the image asks for a video mode; there is no display, and none is reported");
        }
        long entry = header.hasAddresses() ? placeByAddresses(plan, image, header) : placeElf(plan, image);
        List<Modules.Placed> modules = Modules.place(plan, options.modules());
        // Multiboot 1 has no field for them: the guest searches the BIOS area.
        plan.putAcpi(options.acpi());
        long info = information(plan, options, modules);
        return plan.commit(sink, ImageFormat.MULTIBOOT, Entries.protected32(plan, entry, LOADER_MAGIC, info));
    }

    private static long placeElf(Plan plan, Bytes image) throws ImageException {
        if (!image.isU32(0, Elf.MAGIC)) {
            throw new ImageException(
                    "Multiboot image",
                    0,
                    "neither ELF nor a header with address fields",
                    "an ELF executable, or flag 16 with addresses",
                    "build the image as ELF");
        }
        Elf elf = Elf.parse(image);
        elf.place(plan, image);
        long entry = elf.physicalEntry();
        if (elf.wide()) {
            plan.note("ELF64 by Multiboot 1 is entered in 32-bit protected mode, as GRUB does");
        }
        if (entry > 0xffff_ffffL) {
            throw new ImageException(
                    "ELF e_entry", 24, Bytes.hex(entry), "a physical address below 4 GiB", "link the entry lower");
        }
        return entry;
    }

    /** Section 3.1.3, the fields that a.out images needed. */
    private static long placeByAddresses(Plan plan, Bytes image, MultibootHeader header) throws ImageException {
        long at = header.at();
        long load = image.u32(at + 16, "Multiboot load_addr");
        long entry = image.u32(at + 28, "Multiboot entry_addr");
        long fileStart = fileStart(image, at, load);
        long size = dataSize(image, at, load, fileStart);
        long memory = memorySize(image, at, load, size);
        if (entry < load || entry >= load + size) {
            throw wrong(
                    "Multiboot entry_addr",
                    at + 28,
                    entry,
                    "an address from " + Bytes.hex(load) + " to below " + Bytes.hex(load + size));
        }
        plan.put("Multiboot image", load, image.slice(fileStart, size, "Multiboot image"), memory, at + 16);
        return entry;
    }

    /** The file offset of load_addr: as far before the header as load_addr is below header_addr. */
    private static long fileStart(Bytes image, long at, long load) throws ImageException {
        long headerAddress = image.u32(at + 12, "Multiboot header_addr");
        long fileStart = at - (headerAddress - load);
        if (load > headerAddress || fileStart < 0) {
            throw wrong(
                    "Multiboot load_addr",
                    at + 16,
                    load,
                    "at most header_addr " + Bytes.hex(headerAddress) + " and at most " + at + " bytes below it");
        }
        return fileStart;
    }

    private static long dataSize(Bytes image, long at, long load, long fileStart) throws ImageException {
        long loadEnd = image.u32(at + 20, "Multiboot load_end_addr");
        long size = loadEnd == 0 ? image.size() - fileStart : loadEnd - load;
        if (size <= 0 || !image.has(fileStart, size)) {
            throw wrong(
                    "Multiboot load_end_addr",
                    at + 20,
                    loadEnd,
                    "0, or an end above load_addr " + Bytes.hex(load) + " for which the file has bytes");
        }
        return size;
    }

    private static long memorySize(Bytes image, long at, long load, long size) throws ImageException {
        long bssEnd = image.u32(at + 24, "Multiboot bss_end_addr");
        long memory = bssEnd == 0 ? size : bssEnd - load;
        if (memory < size) {
            throw wrong(
                    "Multiboot bss_end_addr",
                    at + 24,
                    bssEnd,
                    "0, or at least the end of the data " + Bytes.hex(load + size));
        }
        return memory;
    }

    private static ImageException wrong(String what, long at, long value, String expected) {
        return new ImageException(what, at, Bytes.hex(value), expected, RELINK);
    }

    /** The Multiboot information structure, section 3.3. */
    private static long information(Plan plan, LoadOptions options, List<Modules.Placed> modules)
            throws ImageException {
        byte[] line = Strings.terminated("command line", options.commandLine(), Modules.MAX_STRING);
        long lineAt = Modules.low(plan, "command line", line);
        long nameAt = Modules.low(plan, "boot loader name", "Cloister\0".getBytes(StandardCharsets.US_ASCII));
        ByteBuffer map = memoryMap(plan.map());
        long mapAt = Modules.low(plan, "Multiboot memory map", map);
        ByteBuffer info = Entries.buffer(INFO_BYTES);
        info.putInt(0, INFO_FLAGS);
        info.putInt(4, (int) (lower(plan.map()) >>> 10)).putInt(8, (int) (upper(plan.map()) >>> 10));
        info.putInt(16, (int) lineAt);
        if (!modules.isEmpty()) {
            info.putInt(0, INFO_FLAGS | INFO_MODULES);
            info.putInt(20, modules.size()).putInt(24, (int) Modules.low(plan, "Multiboot modules", list(modules)));
        }
        info.putInt(44, map.capacity()).putInt(48, (int) mapAt).putInt(64, (int) nameAt);
        return Modules.low(plan, "Multiboot information", info);
    }

    private static ByteBuffer list(List<Modules.Placed> modules) {
        ByteBuffer list = Entries.buffer(modules.size() * MODULE_BYTES);
        for (Modules.Placed each : modules) {
            list.putInt((int) each.start())
                    .putInt((int) (each.start() + each.size()))
                    .putInt((int) each.string())
                    .putInt(0);
        }
        return list;
    }

    private static ByteBuffer memoryMap(MemoryMap map) {
        ByteBuffer entries = Entries.buffer(map.ranges().size() * MAP_ENTRY_BYTES);
        for (MemoryRange each : map.ranges()) {
            // The size field does not count itself.
            entries.putInt(MAP_ENTRY_BYTES - 4)
                    .putLong(each.gpa())
                    .putLong(each.size())
                    .putInt(each.kind().code());
        }
        return entries;
    }

    /** Bytes of RAM from address 0. */
    private static long lower(MemoryMap map) {
        return ramAt(map, 0);
    }

    /** Bytes of RAM from 1 MiB to the first hole. */
    private static long upper(MemoryMap map) {
        return ramAt(map, MemoryMap.HIGH_RAM_START);
    }

    private static long ramAt(MemoryMap map, long gpa) {
        for (MemoryRange each : map.ranges()) {
            if (each.kind() == MemoryRange.Kind.RAM && each.contains(gpa, 1)) {
                return each.end() - gpa;
            }
        }
        return 0;
    }
}
