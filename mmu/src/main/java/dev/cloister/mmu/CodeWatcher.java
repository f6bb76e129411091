package dev.cloister.mmu;

/**
 * Keeps decoded code and learns of writes to it, on the thread of the processor that executes the code. Its own processor's writes are
 * told at once, those of other processors and of devices when it polls.
 */
public interface CodeWatcher {
    /** A watcher that keeps no code. */
    CodeWatcher NONE = new CodeWatcher() {
        @Override
        public void written(long gpaPage) {
            // Nothing is kept.
        }

        @Override
        public void writtenAnywhere() {
            // Nothing is kept.
        }
    };

    /**
     * A page was written in a 64-byte line of which instructions were marked as decoded; nothing of the page is marked now.
     *
     * @param gpaPage the page's guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
     */
    void written(long gpaPage);

    /** More pages were written than were remembered: any decoded code may be stale. */
    void writtenAnywhere();
}
