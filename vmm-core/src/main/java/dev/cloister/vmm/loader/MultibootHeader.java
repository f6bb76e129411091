package dev.cloister.vmm.loader;

import java.util.Optional;

/**
 * A Multiboot 1 header (specification 0.6.96, section 3.1), found in the first 8 KiB of a file.
 *
 * @param at its file offset
 * @param flags what the image asks for; bits 0 to 15 must be understood
 */
record MultibootHeader(long at, long flags) {
    static final int SEARCH_BYTES = 8192;

    private static final int MAGIC = 0x1bad_b002;
    private static final int HEADER_BYTES = 12;
    private static final long PAGE_ALIGN = 1;
    private static final long MEMORY_INFO = 1 << 1;
    private static final long VIDEO = 1 << 2;
    private static final long ADDRESSES = 1 << 16;
    private static final long REQUIRED = 0xffff;

    /** The first 4-byte aligned header with a right checksum that lies wholly in the first 8 KiB. */
    static Optional<MultibootHeader> find(Bytes image) throws ImageException {
        long end = Math.min(image.size(), SEARCH_BYTES) - HEADER_BYTES;
        for (long at = 0; at <= end; at += 4) {
            if (image.isU32(at, MAGIC)) {
                long flags = image.u32(at + 4, "Multiboot flags");
                long sum = MAGIC + flags + image.u32(at + 8, "Multiboot checksum");
                if ((int) sum == 0) {
                    return Optional.of(new MultibootHeader(at, flags));
                }
            }
        }
        return Optional.empty();
    }

    /** Refuses what Cloister doesn't understand, as section 3.1.2 demands. */
    void checkFlags() throws ImageException {
        long unknown = flags & REQUIRED & ~(PAGE_ALIGN | MEMORY_INFO | VIDEO);
        if (unknown != 0) {
            throw new ImageException(
                    "Multiboot flags",
                    at + 4,
                    Bytes.hex(flags),
                    "of bits 0 to 15 only 0, 1 and 2",
                    "the image requires a feature that Multiboot 0.6.96 doesn't define; build it without");
        }
    }

    boolean wantsVideo() {
        return (flags & VIDEO) != 0;
    }

    boolean hasAddresses() {
        return (flags & ADDRESSES) != 0;
    }
}
