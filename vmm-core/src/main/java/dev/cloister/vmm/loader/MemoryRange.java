package dev.cloister.vmm.loader;

/**
 * A range of guest-physical memory and what it is, as an e820 entry tells a guest.
 *
 * @param gpa first guest-physical address
 * @param size bytes, above 0; {@code gpa + size} does not wrap
 * @param kind what the range is
 */
public record MemoryRange(long gpa, long size, Kind kind) {
    /** What a range is; the codes are those of BIOS call INT 15h AX=E820h (ACPI 6.5 section 15.1). */
    public enum Kind {
        /** Usable by the guest. */
        RAM(1),
        /** Not to be used. */
        RESERVED(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /**
         * The e820 type.
         *
         * @return 1 or 2
         */
        public int code() {
            return code;
        }
    }

    /** Checks the bounds. */
    public MemoryRange {
        if (gpa < 0 || size <= 0 || gpa + size < 0) {
            throw new IllegalArgumentException("memory range 0x" + Long.toHexString(gpa) + " of 0x"
                    + Long.toHexString(size) + " bytes is empty or wraps; give a positive size below 2^63");
        }
    }

    /**
     * The first address after the range.
     *
     * @return {@code gpa + size}
     */
    public long end() {
        return gpa + size;
    }

    /**
     * Whether another range lies wholly within this one.
     *
     * @param start first guest-physical address
     * @param length bytes, at least 0
     * @return true if it does
     */
    public boolean contains(long start, long length) {
        return start >= gpa && length >= 0 && length <= size && start - gpa <= size - length;
    }
}
