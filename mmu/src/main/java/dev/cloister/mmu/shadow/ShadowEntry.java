package dev.cloister.mmu.shadow;

/** Entries of shadow tables as numbers: 4-level and 5-level paging (Intel SDM volume 3, 4.5). */
final class ShadowEntry {
    static final long PRESENT = 1L;
    static final long WRITABLE = 1L << 1;
    static final long USER = 1L << 2;
    /** Set in every entry, so that the processor never has a reason to write to the tables. */
    static final long ACCESSED = 1L << 5;

    static final long DIRTY = 1L << 6;
    static final long NO_EXECUTE = 1L << 63;
    static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    static final int PAGE_SHIFT = 12;
    static final int INDEX_BITS = 9;
    static final int ENTRIES = 512;

    private ShadowEntry() {}

    /** A link to a lower table grants everything: the leaf decides. */
    static long link(long tableGpa) {
        return tableGpa | PRESENT | WRITABLE | USER | ACCESSED;
    }

    static long leaf(long gpaPage, boolean writable, boolean executable) {
        return gpaPage | PRESENT | USER | ACCESSED | (writable ? WRITABLE | DIRTY : 0) | (executable ? 0 : NO_EXECUTE);
    }

    static boolean isPresent(long entry) {
        return (entry & PRESENT) != 0;
    }

    static int shift(int level) {
        return PAGE_SHIFT + INDEX_BITS * (level - 1);
    }

    static int index(long linear, int level) {
        return (int) (linear >>> shift(level)) & ENTRIES - 1;
    }
}
