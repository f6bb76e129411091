package dev.cloister.mmu.shadow;

/**
 * Receives what is to be done to the real tables, in an order that keeps the invariant at every moment in between: a table is cleared
 * and filled before it is linked; what is taken away is taken away before anything is added.
 */
public interface TableChanges {
    /**
     * All 512 entries of a table become 0. Nothing links to the table.
     *
     * @param tableGpa guest-physical address of the table, in the monitor's memory
     */
    void clear(long tableGpa);

    /**
     * One entry changes.
     *
     * @param entryGpa guest-physical address of the entry, in the monitor's memory
     * @param before what is there; some hosts let user space write only entries that were not present
     * @param value what is to be there
     */
    void write(long entryGpa, long before, long value);

    /**
     * Translations of one page, by any address of it, must be gone from the processor before guest code runs again.
     *
     * @param linear the page's linear address
     */
    void invalidate(long linear);

    /** All translations of all spaces must be gone from the processor before guest code runs again. */
    void invalidateAll();
}
