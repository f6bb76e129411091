package dev.cloister.devices;

import java.util.function.BooleanSupplier;

/**
 * Waiting that must not be cut short: an interrupt is kept for later. Any thread.
 *
 * <p>The policy module has the like for its relays: neither module may use the other, {@code mmu} below this one knows nothing of threads,
 * and what policy may use of {@code kvm-binding} (the Linux calls) is closed to this module.
 */
public final class Waiting {
    private Waiting() {}

    /** One step of waiting. */
    @FunctionalInterface
    public interface Step {
        /**
         * Waits, perhaps in vain.
         *
         * @throws InterruptedException if the thread is interrupted
         */
        void await() throws InterruptedException;
    }

    /**
     * Waits until something is so. The thread's interrupted status is what it was, or set if it was interrupted meanwhile.
     *
     * @param so asked before each step
     * @param step waits for a change
     */
    public static void until(BooleanSupplier so, Step step) {
        boolean interrupted = false;
        while (!so.getAsBoolean()) {
            try {
                step.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits until a thread has ended; returns at once for one that never began.
     *
     * @param thread the thread
     */
    public static void join(Thread thread) {
        until(() -> !thread.isAlive(), thread::join);
    }
}
