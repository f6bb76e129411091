package dev.cloister.mmu;

/** How linear addresses become guest-physical ones (SDM volume 3, 4.1.1). */
public enum PagingMode {
    /** CR0.PG is 0: the linear address is the physical one. */
    NONE,
    /** 32-bit paging: two levels of 4-byte entries, with 4 MiB pages if CR4.PSE (SDM volume 3, 4.3). */
    LEGACY_32,
    /** PAE paging: four 8-byte pointers and two levels of 8-byte entries (SDM volume 3, 4.4). */
    PAE,
    /** 4-level paging (SDM volume 3, 4.5). */
    FOUR_LEVEL,
    /** 5-level paging (SDM volume 3, 4.5). */
    FIVE_LEVEL;

    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1L << 5;
    private static final long CR4_LA57 = 1L << 12;
    private static final long EFER_LME = 1L << 8;

    /**
     * The mode that control registers select.
     *
     * @param cr0 CR0
     * @param cr4 CR4
     * @param efer IA32_EFER
     * @return the mode
     */
    public static PagingMode of(long cr0, long cr4, long efer) {
        if ((cr0 & CR0_PG) == 0) {
            return NONE;
        }
        if ((cr4 & CR4_PAE) == 0) {
            return LEGACY_32;
        }
        if ((efer & EFER_LME) == 0) {
            return PAE;
        }
        return (cr4 & CR4_LA57) == 0 ? FOUR_LEVEL : FIVE_LEVEL;
    }
}
