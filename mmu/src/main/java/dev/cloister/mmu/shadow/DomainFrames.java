package dev.cloister.mmu.shadow;

import dev.cloister.mmu.GuestMemory;

/** The pages of a guest's memory, as it is at each question: what was unmapped is nobody's, what is watched isn't written directly. */
public final class DomainFrames implements FrameGuard {
    private final GuestMemory memory;

    /**
     * The pages of a memory.
     *
     * @param memory the guest's memory
     */
    public DomainFrames(GuestMemory memory) {
        this.memory = memory;
    }

    @Override
    public boolean mayRead(long gpaPage) {
        return memory.contains(gpaPage, GuestMemory.PAGE_BYTES, false);
    }

    @Override
    public boolean mayWrite(long gpaPage) {
        return memory.contains(gpaPage, GuestMemory.PAGE_BYTES, true)
                && memory.watch().isFreeToWrite(gpaPage);
    }
}
