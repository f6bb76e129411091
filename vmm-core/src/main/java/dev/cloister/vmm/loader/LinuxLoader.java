package dev.cloister.vmm.loader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Linux by its 64-bit or 32-bit boot protocol (Documentation/arch/x86/boot.rst): a bzImage whose payload is unpacked here,
 * an ELF64 vmlinux, or a program without payload that follows the protocol, such as memtest86+. The kernel is loaded at the
 * physical addresses it is linked for, so that its relocation table, which follows the ELF file in the payload, isn't
 * needed. An i386 kernel, and what names no 64-bit entry, is entered in 32-bit protected mode.
 */
final class LinuxLoader {
    private static final int BOOT_PARAMS_BYTES = 4096;
    private static final int ACPI_RSDP = 0x070;
    private static final int EXT_RAMDISK_IMAGE = 0x0c0;
    private static final int EXT_COMMAND_LINE = 0x0c8;
    private static final int E820_COUNT = 0x1e8;
    private static final int BOOT_FLAG = 0x1fe;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int TYPE_OF_LOADER = 0x210;
    private static final int LOADFLAGS = 0x211;
    private static final int RAMDISK_IMAGE = 0x218;
    private static final int RAMDISK_SIZE = 0x21c;
    private static final int HEAP_END = 0x224;
    private static final int COMMAND_LINE = 0x228;
    private static final int KERNEL_ALIGNMENT = 0x230;
    private static final int E820_TABLE = 0x2d0;

    /** "undefined boot loader", boot.rst, type_of_loader. */
    private static final byte LOADER_UNDEFINED = (byte) 0xff;

    private static final int QUIET_AND_SEGMENTS = 1 << 5 | 1 << 6;
    private static final int ENTRY_64 = 0x200;
    private static final long VMLINUX_COMMAND_LINE = 2047;
    private static final long INITRD_MAX = 0x7fff_ffffL;

    /**
     * Where a kernel is entered.
     *
     * @param gpa guest-physical address
     * @param wide in 64-bit mode rather than 32-bit protected mode
     */
    private record Start(long gpa, boolean wide) {
        EntryState state(Plan plan, long params) throws ImageException {
            return wide ? Entries.long64(plan, gpa, params) : Entries.linux32(plan, gpa, params);
        }
    }

    private LinuxLoader() {}

    static LoadedImage loadVmlinux(MemorySegment file, GuestSink sink, LoadOptions options) throws ImageException {
        Plan plan = new Plan(options.memoryMap());
        Start start = placeKernel(plan, new Bytes(file));
        ByteBuffer params = Entries.buffer(BOOT_PARAMS_BYTES);
        params.putShort(BOOT_FLAG, (short) 0xaa55).putInt(HEADER_MAGIC, 0x5372_6448);
        params.putShort(VERSION, (short) 0x20f).put(LOADFLAGS, (byte) 1).putInt(KERNEL_ALIGNMENT, 0x100_0000);
        long rsi = placeParameters(plan, params, options, VMLINUX_COMMAND_LINE, INITRD_MAX);
        return plan.commit(sink, ImageFormat.VMLINUX, start.state(plan, rsi));
    }

    static LoadedImage loadBzImage(MemorySegment file, GuestSink sink, LoadOptions options) throws ImageException {
        Bytes image = new Bytes(file);
        LinuxHeader header = LinuxHeader.parse(image);
        Plan plan = new Plan(options.memoryMap());
        Payload.Method method = header.method(image);
        // The unpacked kernel must live until it is copied to guest memory, and no longer.
        try (Arena arena = Arena.ofConfined()) {
            Start start = method == Payload.Method.UNKNOWN
                    ? placeAsItIs(plan, image, header)
                    : placeUnpacked(plan, arena, image, header, method);
            ByteBuffer params = Entries.buffer(BOOT_PARAMS_BYTES);
            MemorySegment bytes = header.bytes(image);
            MemorySegment.ofBuffer(params)
                    .asSlice(LinuxHeader.START, bytes.byteSize())
                    .copyFrom(bytes);
            long rsi = placeParameters(plan, params, options, header.commandLineMax(), header.initrdMax());
            return plan.commit(sink, ImageFormat.BZIMAGE, start.state(plan, rsi));
        }
    }

    private static Start placeUnpacked(Plan plan, Arena arena, Bytes image, LinuxHeader header, Payload.Method method)
            throws ImageException {
        long room = plan.map().ramBytes();
        MemorySegment elf = Payload.unpack(arena, image, header.packed(method), room);
        plan.note("payload unpacked on the host side: " + method.label() + ", " + elf.byteSize() + " bytes");
        Start start;
        try {
            start = placeKernel(plan, new Bytes(elf));
        } catch (ImageException e) {
            throw withinPayload(e);
        }
        checkSpan(plan, header);
        return start;
    }

    /** The kernel promises to stay within init_size bytes of pref_address; what it will use of them is kept free. */
    private static void checkSpan(Plan plan, LinuxHeader header) throws ImageException {
        if (header.initSize() == 0) {
            return;
        }
        long end = plan.endOfPlaced(0);
        if (plan.startOfPlaced() < header.preferred() || end > header.preferred() + header.initSize()) {
            throw new ImageException(
                    "bzImage pref_address and init_size",
                    0x258,
                    Plan.range(header.preferred(), header.initSize()),
                    "a range that holds the unpacked kernel, " + Bytes.hex(plan.startOfPlaced()) + " to "
                            + Bytes.hex(end),
                    "the image is damaged; get it again");
        }
        plan.reserve("bzImage init_size", header.preferred(), header.initSize(), 0x260);
    }

    private static ImageException withinPayload(ImageException e) {
        ImageException outer = new ImageException(
                e.what() + " of the unpacked kernel", e.offset(), e.value(), e.expected(), e.remedy());
        outer.initCause(e);
        return outer;
    }

    /** Places an ELF kernel: entered in 64-bit mode if it is an ELF64, as its own decompressor would enter it. */
    private static Start placeKernel(Plan plan, Bytes image) throws ImageException {
        if (!image.isU32(0, Elf.MAGIC)) {
            throw new ImageException(
                    "ELF magic", 0, "something else", "0x7f and \"ELF\"", "use a kernel built for x86");
        }
        Elf elf = Elf.parse(image);
        elf.place(plan, image);
        long entry = elf.physicalEntry();
        if (entry >= Entries.IDENTITY_BYTES) {
            throw new ImageException(
                    "ELF e_entry",
                    24,
                    Bytes.hex(entry),
                    "a physical address below 4 GiB, which the initial page tables map",
                    "link the kernel lower");
        }
        return new Start(entry, elf.wide());
    }

    /** The protected-mode kernel as it is: a program without payload, or a decompressor for what is not known here. */
    private static Start placeAsItIs(Plan plan, Bytes image, LinuxHeader header) throws ImageException {
        long gpa = header.selfLoadAddress();
        MemorySegment kernel = image.slice(header.kernelAt(), header.kernelSize(), "protected-mode kernel");
        long needed = Math.max(header.initSize(), kernel.byteSize());
        plan.put("protected-mode kernel", gpa, kernel, kernel.byteSize(), 0x258);
        plan.reserve("bzImage init_size", gpa, needed, 0x260);
        if (header.hasPayload()) {
            plan.note(
                    "the payload's compression is not known here: the guest unpacks itself, which is slow or impossible"
                            + " where KVM interprets the guest");
        }
        // The 32-bit entry is there in every version, the 64-bit one at 0x200 only where the header says so.
        boolean wide = header.hasPayload() && header.enters64() && header.kernelSize() > ENTRY_64;
        return new Start(wide ? gpa + ENTRY_64 : gpa, wide);
    }

    /** Command line, initrd, e820 and the rest of boot_params; returns its address. */
    private static long placeParameters(
            Plan plan, ByteBuffer params, LoadOptions options, long commandLineMax, long initrdMax)
            throws ImageException {
        long limit = Math.min(commandLineMax, Modules.MAX_STRING);
        byte[] line = Strings.terminated("command line", options.linuxCommandLine(), limit);
        long lineAt = Modules.low(plan, "command line", line);
        params.putInt(COMMAND_LINE, (int) lineAt).putInt(EXT_COMMAND_LINE, (int) (lineAt >>> 32));
        params.put(TYPE_OF_LOADER, LOADER_UNDEFINED);
        params.put(LOADFLAGS, (byte) (params.get(LOADFLAGS) & ~QUIET_AND_SEGMENTS));
        params.putShort(HEAP_END, (short) 0);
        params.putInt(RAMDISK_IMAGE, 0).putInt(RAMDISK_SIZE, 0).putLong(EXT_RAMDISK_IMAGE, 0);
        placeInitrd(plan, params, options.modules(), initrdMax);
        params.putLong(ACPI_RSDP, plan.putAcpi(options.acpi()));
        List<MemoryRange> ranges = plan.map().ranges();
        params.put(E820_COUNT, (byte) ranges.size());
        int at = E820_TABLE;
        for (MemoryRange each : ranges) {
            params.putLong(at, each.gpa())
                    .putLong(at + 8, each.size())
                    .putInt(at + 16, each.kind().code());
            at += 20;
        }
        return Modules.low(plan, "boot_params", params);
    }

    private static void placeInitrd(Plan plan, ByteBuffer params, List<ImageModule> modules, long max)
            throws ImageException {
        long size = 0;
        for (ImageModule each : modules) {
            size = Plan.alignTo(size, 4) + each.bytes().byteSize();
        }
        if (size == 0) {
            return;
        }
        long start = plan.allocate("initrd", size, MemoryMap.HIGH_RAM_START, max + 1, true);
        long at = start;
        for (ImageModule each : modules) {
            plan.fill("initrd", at, each.bytes());
            at = Plan.alignTo(at + each.bytes().byteSize(), 4);
        }
        params.putInt(RAMDISK_IMAGE, (int) start).putInt(RAMDISK_SIZE, (int) size);
    }
}
