package dev.cloister.mmu;

/**
 * What a walk found. A mutable result that its owner reuses from walk to walk, so that walks allocate nothing; for one thread. Which
 * getters mean something depends on {@link #outcome()}.
 */
public final class Translation {
    /** How a walk ended. */
    public enum Outcome {
        /** The access is allowed; address and rights are set. */
        TRANSLATED,
        /** A page fault; {@link #errorCode()} is set, and CR2 is {@link #gva()}. */
        PAGE_FAULT,
        /** A paging-structure entry lies where there is no memory; {@link #entryGpa()} says where. A machine check in effect. */
        TABLE_UNBACKED,
        /** Another processor kept changing the entries while their flags were to be set: try the instruction again. */
        CONTENDED
    }

    private static final int MOST_LEVELS = 5;
    private static final long ACCESSED = 1L << 5;

    /** The entries that carry an accessed flag, root first, with their addresses. */
    final long[] path = new long[MOST_LEVELS];

    final long[] pathGpas = new long[MOST_LEVELS];
    int depth;
    Outcome outcome = Outcome.PAGE_FAULT;
    long gva;
    long gpa;
    long entryGpa;
    long entry;
    int pageShift;
    int errorCode;
    int protectionKey;
    boolean writable;
    boolean user;
    boolean executable;
    boolean global;
    boolean dirty;

    /** A result for reuse. */
    public Translation() {
        // Fields start as those of a fault at address 0: nothing is granted before the first walk.
    }

    /**
     * How the walk ended.
     *
     * @return the outcome
     */
    public Outcome outcome() {
        return outcome;
    }

    /**
     * The linear address that was walked, cut to the mode's width (32 bits outside 4- and 5-level paging).
     *
     * @return the address
     */
    public long gva() {
        return gva;
    }

    /**
     * The guest-physical address, if translated.
     *
     * @return the address of the very byte, not of its page
     */
    public long gpa() {
        return gpa;
    }

    /**
     * The size of the page, if translated.
     *
     * @return its binary logarithm: 12, 21, 22 or 30; 32 without paging
     */
    public int pageShift() {
        return pageShift;
    }

    /**
     * The page-fault error code, if there is a page fault (SDM volume 3, 4.7).
     *
     * @return the error code
     */
    public int errorCode() {
        return errorCode;
    }

    /**
     * The last entry that the walk read: the leaf if translated.
     *
     * @return its guest-physical address
     */
    public long entryGpa() {
        return entryGpa;
    }

    /**
     * The value of the last entry that the walk read, with the accessed and dirty flags that the walk set.
     *
     * @return the entry, zero-extended in 32-bit paging
     */
    public long entry() {
        return entry;
    }

    /**
     * Whether R/W is 1 in every entry, if translated.
     *
     * @return the combined flag, before CR0.WP and protection keys
     */
    public boolean writable() {
        return writable;
    }

    /**
     * Whether U/S is 1 in every entry, if translated: a user-mode address.
     *
     * @return the combined flag
     */
    public boolean user() {
        return user;
    }

    /**
     * Whether XD is 0 in every entry, if translated.
     *
     * @return the combined flag, before SMEP
     */
    public boolean executable() {
        return executable;
    }

    /**
     * Whether the page is global (G is 1 in the leaf and CR4.PGE is 1), if translated.
     *
     * @return the flag
     */
    public boolean global() {
        return global;
    }

    /**
     * Whether D is 1 in the leaf, if translated.
     *
     * @return the flag as it is after the walk
     */
    public boolean dirty() {
        return dirty;
    }

    /**
     * The page's protection key in 4- and 5-level paging, if translated.
     *
     * @return bits 62:59 of the leaf; else 0
     */
    public int protectionKey() {
        return protectionKey;
    }

    /**
     * Whether A is 1 in every entry that has one, if translated: the processor may keep the translation without touching the tables.
     *
     * @return the combined flag as the walk read it, so true is certain after a walk that set the flags only at the next
     */
    public boolean accessed() {
        for (int i = 0; i < depth; i++) {
            if ((path[i] & ACCESSED) == 0) {
                return false;
            }
        }
        return true;
    }
}
