package dev.cloister.mmu.shadow;

/**
 * Where the shadow tables lie, and what of the linear space is the monitor's.
 *
 * @param tablesGpa guest-physical address of the pool, outside everything that the guest knows as memory; a multiple of 4096
 * @param tables how many tables of 4096 bytes, at least 8
 * @param levels 4 or 5, as the processor's paging mode is
 * @param monitorSlot the root's slot through which the monitor's own code and data are reached, 0 to 511
 * @param monitorEntry the root's entry there, without the user flag; 0 if there is none
 */
public record ShadowLayout(long tablesGpa, int tables, int levels, int monitorSlot, long monitorEntry) {
    private static final int FEWEST_TABLES = 8;
    private static final int LONG_LEVELS = 4;

    /**
     * A layout.
     *
     * @param tablesGpa guest-physical address of the pool
     * @param tables how many tables
     * @param levels 4 or 5
     * @param monitorSlot the root's slot of the monitor
     * @param monitorEntry the root's entry there
     */
    public ShadowLayout {
        if ((tablesGpa & ~ShadowEntry.ADDRESS) != 0 || tables < FEWEST_TABLES) {
            throw new IllegalArgumentException("shadow tables at gpa 0x" + Long.toHexString(tablesGpa) + ", " + tables
                    + " of them; expected a page address and at least " + FEWEST_TABLES);
        }
        if (levels != LONG_LEVELS && levels != LONG_LEVELS + 1) {
            throw new IllegalArgumentException("shadow tables of " + levels + " levels; expected 4 or 5");
        }
        if (monitorSlot < 0 || monitorSlot >= ShadowEntry.ENTRIES || (monitorEntry & ShadowEntry.USER) != 0) {
            throw new IllegalArgumentException("monitor slot " + monitorSlot + " with entry 0x"
                    + Long.toHexString(monitorEntry) + "; expected slot 0 to 511, and no user access");
        }
    }

    /** The address with the bits above the paging mode's width as the highest one is. */
    long canonical(long linear) {
        int unused = Long.SIZE - ShadowEntry.shift(levels + 1);
        return linear << unused >> unused;
    }

    /** Whether shadow tables can say anything about this address. */
    boolean covers(long linear) {
        return canonical(linear) == linear && ShadowEntry.index(linear, levels) != monitorSlot;
    }
}
