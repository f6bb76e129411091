package dev.cloister.mmu;

/** Walks the guest's page tables. */
public final class PageWalker {
    private final PhysicalMemory memory;

    /**
     * A walker over this memory.
     *
     * @param memory where the tables lie
     */
    public PageWalker(PhysicalMemory memory) {
        this.memory = memory;
    }

    /**
     * Translates a linear address.
     *
     * @param context the registers
     * @param gva the linear address
     * @param access what for
     * @param setFlags whether accessed and dirty flags are set as the processor sets them
     * @param result receives the result
     * @return whether the access is allowed, that is, the outcome is {@link Translation.Outcome#TRANSLATED}
     */
    public boolean walk(WalkContext context, long gva, AccessKind access, boolean setFlags, Translation result) {
        result.gva = gva;
        result.gpa = memory.readLong(gva);
        return false;
    }
}
