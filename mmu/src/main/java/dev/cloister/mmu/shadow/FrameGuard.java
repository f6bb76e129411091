package dev.cloister.mmu.shadow;

/**
 * Decides which guest-physical pages a shadow entry may lead to: the domain's own memory and the windows of channels granted to it. The
 * one place that the invariant hangs on, asked at every fill.
 */
public interface FrameGuard {
    /**
     * Whether the domain may read, and execute, a page.
     *
     * @param gpaPage guest-physical address of the page
     * @return true if all of the page is the domain's
     */
    boolean mayRead(long gpaPage);

    /**
     * Whether the domain may write a page directly, unnoticed.
     *
     * @param gpaPage guest-physical address of the page
     * @return true if all of the page is the domain's to write, and nobody watches it
     */
    boolean mayWrite(long gpaPage);
}
