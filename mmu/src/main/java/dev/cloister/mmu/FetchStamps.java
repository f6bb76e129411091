package dev.cloister.mmu;

/**
 * How long one may rely on where instructions were fetched from without asking the {@link Tlb} again: links between decoded blocks are
 * kept by it. A stamp is good as long as a buffer of unlimited size would have kept the translation of its page (Intel SDM volume 3,
 * 4.10.2 to 4.10.4): that of a global page over loads of CR3, that of another page while its address space is in use, and again when the
 * processor comes back to the space's PCID without a flush. An invalidation of a page from which nothing was fetched ends no stamp.
 *
 * <p>Belongs to one processor's thread; allocates nothing after construction.
 */
public final class FetchStamps {
    /** A stamp that is never good. */
    public static final long NEVER = 0;

    private static final int PAGE_SHIFT = 12;
    private static final int LARGE_SHIFT = 22;
    private static final int HUGE_SHIFT = 30;

    /** The good stamp of pages that aren't global: above 0. */
    private long space = 1;
    /** The good stamp of global pages: below 0. */
    private long global = -1;

    private final long[] ofSpaces;
    private int current;
    private long last = 1;
    /** From which pages that aren't global something was fetched. */
    private final NumberFilter spacePages = new NumberFilter();
    /** From which global pages something was fetched. */
    private final NumberFilter globalPages = new NumberFilter();

    FetchStamps(int spaces) {
        ofSpaces = new long[spaces];
    }

    /**
     * Whether what was found under a stamp may be used without another look.
     *
     * @param stamp what {@link #stamp} gave, or {@link #NEVER}
     * @return false where the page must be translated again
     */
    public boolean isGood(long stamp) {
        return stamp == space || stamp == global;
    }

    /**
     * The stamp of a fetch that was just translated.
     *
     * @param linear the linear address
     * @param entry the slot that holds its translation
     * @return good now
     */
    public long stamp(long linear, TlbEntry entry) {
        NumberFilter pages = entry.global ? globalPages : spacePages;
        pages.add(number(linear, entry.pageShift));
        return entry.global ? global : space;
    }

    /** Ends every stamp: linear addresses mean something else, or what was stamped isn't said by linear address alone. */
    public void forget() {
        forgetSpaces();
        forgetGlobal();
    }

    /** Pages of different sizes never have the same number. */
    private static long number(long linear, int pageShift) {
        if (pageShift <= PAGE_SHIFT) {
            return linear >>> PAGE_SHIFT << 2;
        }
        return pageShift <= LARGE_SHIFT ? linear >>> LARGE_SHIFT << 2 | 1 : linear >>> HUGE_SHIFT << 2 | 2;
    }

    private static boolean mayContain(NumberFilter pages, long linear) {
        return pages.mayContain(number(linear, PAGE_SHIFT))
                || pages.mayContain(number(linear, LARGE_SHIFT))
                || pages.mayContain(number(linear, HUGE_SHIFT));
    }

    /** An address space's number is given anew. */
    void begin(int number) {
        ofSpaces[number] = ++last;
    }

    /** An address space is in use from now on. */
    void use(int number) {
        current = number;
        space = ofSpaces[number];
    }

    /** Ends the stamps of an address's page, in every address space. */
    void invalidate(long linear) {
        if (mayContain(spacePages, linear)) {
            forgetSpaces();
        }
        if (mayContain(globalPages, linear)) {
            forgetGlobal();
        }
    }

    private void forgetSpaces() {
        spacePages.clear();
        for (int number = 0; number < ofSpaces.length; number++) {
            begin(number);
        }
        use(current);
    }

    private void forgetGlobal() {
        globalPages.clear();
        global--;
    }
}
