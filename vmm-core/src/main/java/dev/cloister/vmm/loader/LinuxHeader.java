package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;

/**
 * The setup header of a bzImage (Linux Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"), read once and
 * checked.
 *
 * @param version protocol version, for example 0x20f
 * @param kernelAt file offset of the protected-mode kernel
 * @param kernelSize its bytes, as syssize says
 * @param headerSize bytes of the setup header from offset 0x1f1
 * @param initrdMax highest address that the initrd may occupy
 * @param relocatable whether the protected-mode kernel may be loaded anywhere
 * @param enters64 XLF_KERNEL_64: the protected-mode kernel has a 64-bit entry at 0x200
 * @param commandLineMax most bytes of command line, without the NUL
 * @param payloadAt file offset of the compressed kernel
 * @param payloadSize its bytes, 0 where there is none: a program that only follows the boot protocol
 * @param preferred the physical address that the kernel is linked for
 * @param initSize bytes that it needs from there, 0 if the version doesn't say
 */
record LinuxHeader(
        int version,
        long kernelAt,
        long kernelSize,
        int headerSize,
        long initrdMax,
        boolean relocatable,
        boolean enters64,
        long commandLineMax,
        long payloadAt,
        long payloadSize,
        long preferred,
        long initSize) {
    /** Where the setup header starts in the file and in boot_params alike. */
    static final int START = 0x1f1;

    /** The first byte of boot_params after the space for the header. */
    private static final int END = 0x290;

    private static final int BOOT_FLAG = 0xaa55;
    private static final int HEADER_MAGIC = 0x5372_6448;
    private static final int WITH_PAYLOAD = 0x208;
    private static final int WITH_INIT_SIZE = 0x20a;
    private static final int WITH_XLOADFLAGS = 0x20c;
    private static final long DEFAULT_ADDRESS = 0x10_0000;
    private static final long DEFAULT_PREFERRED = 0x100_0000;
    private static final String AGAIN = "the image is damaged or no bzImage; get it again";

    static boolean isPresent(Bytes image) {
        return image.isU16(0x1fe, BOOT_FLAG) && image.isU32(0x202, HEADER_MAGIC);
    }

    static LinuxHeader parse(Bytes image) throws ImageException {
        expect(image.isU16(0x1fe, BOOT_FLAG), "bzImage boot_flag", 0x1fe, "0xaa55");
        expect(image.isU32(0x202, HEADER_MAGIC), "bzImage header", 0x202, "\"HdrS\"");
        int version = image.u16(0x206, "bzImage version");
        if (version < WITH_PAYLOAD) {
            throw new ImageException(
                    "bzImage version",
                    0x206,
                    Bytes.hex(version),
                    "at least 0x208 (Linux 2.6.26), which says where the compressed kernel is",
                    "use a newer kernel");
        }
        expect((image.u8(0x211, "bzImage loadflags") & 1) != 0, "bzImage loadflags", 0x211, "LOADED_HIGH (bit 0)");
        int headerSize = headerSize(image, version);
        int sectors = image.u8(START, "bzImage setup_sects");
        long kernelAt = (sectors == 0 ? 4 + 1L : sectors + 1L) * 512;
        long kernelSize = kernelSize(image, kernelAt);
        long payloadOffset = image.u32(0x248, "bzImage payload_offset");
        long payloadSize = image.u32(0x24c, "bzImage payload_length");
        if (payloadOffset + payloadSize > kernelSize) {
            throw new ImageException(
                    "bzImage payload_offset and payload_length",
                    0x248,
                    Bytes.hex(payloadSize) + " bytes at " + Bytes.hex(payloadOffset),
                    "a range within the " + Bytes.hex(kernelSize) + " bytes that syssize gives",
                    AGAIN);
        }
        boolean relocatable = image.u8(0x234, "bzImage relocatable_kernel") != 0;
        boolean sized = version >= WITH_INIT_SIZE;
        return new LinuxHeader(
                version,
                kernelAt,
                kernelSize,
                headerSize,
                image.u32(0x22c, "bzImage initrd_addr_max"),
                relocatable,
                enters64(image, version),
                image.u32(0x238, "bzImage cmdline_size"),
                kernelAt + payloadOffset,
                payloadSize,
                sized ? preferred(image) : DEFAULT_PREFERRED,
                sized ? image.u32(0x260, "bzImage init_size") : 0);
    }

    private static long preferred(Bytes image) throws ImageException {
        long address = image.u63(0x258, "bzImage pref_address");
        if (address >= Entries.IDENTITY_BYTES) {
            throw new ImageException(
                    "bzImage pref_address", 0x258, Bytes.hex(address), "an address below 4 GiB", AGAIN);
        }
        return address;
    }

    private static boolean enters64(Bytes image, int version) throws ImageException {
        return version >= WITH_XLOADFLAGS && (image.u16(0x236, "bzImage xloadflags") & 1) != 0;
    }

    /** The byte at 0x201 is a jump's displacement from 0x202: it says where the header ends. */
    private static int headerSize(Bytes image, int version) throws ImageException {
        int end = 0x202 + image.u8(0x201, "bzImage header length");
        int needed = version >= WITH_INIT_SIZE ? 0x264 : 0x250;
        if (end < needed || end > END) {
            throw new ImageException(
                    "bzImage header length",
                    0x201,
                    "an end at " + Bytes.hex(end),
                    Bytes.hex(needed) + " to " + Bytes.hex(END) + " for version " + Bytes.hex(version),
                    AGAIN);
        }
        image.slice(START, end - START, "bzImage setup header");
        return end - START;
    }

    private static long kernelSize(Bytes image, long kernelAt) throws ImageException {
        long paragraphs = image.u32(0x1f4, "bzImage syssize");
        long available = image.size() - kernelAt;
        // syssize is rounded up to 16 bytes, the file need not be.
        if (paragraphs == 0 || paragraphs * 16 > Plan.alignTo(available, 16)) {
            throw new ImageException(
                    "bzImage syssize",
                    0x1f4,
                    paragraphs * 16 + " bytes",
                    "1 to the " + available + " bytes that follow the setup sectors",
                    "the image is truncated; get it again");
        }
        return Math.min(paragraphs * 16, available);
    }

    boolean hasPayload() {
        return payloadSize > 0;
    }

    /** How the payload is compressed; unknown where there is none. */
    Payload.Method method(Bytes image) {
        return hasPayload() ? Payload.method(image, payloadAt) : Payload.Method.UNKNOWN;
    }

    Payload.Packed packed(Payload.Method method) {
        return new Payload.Packed("bzImage payload", method, payloadAt, payloadSize);
    }

    /** Where the protected-mode kernel goes if the guest is to unpack it. */
    long selfLoadAddress() {
        return relocatable ? preferred : DEFAULT_ADDRESS;
    }

    MemorySegment bytes(Bytes image) throws ImageException {
        return image.slice(START, headerSize, "bzImage setup header");
    }

    private static void expect(boolean right, String what, long at, String expected) throws ImageException {
        if (!right) {
            throw new ImageException(what, at, "something else", expected, AGAIN);
        }
    }
}
