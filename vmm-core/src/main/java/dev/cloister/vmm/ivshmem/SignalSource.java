package dev.cloister.vmm.ivshmem;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;

/** Turns an eventfd's signals into calls. Any thread. */
public interface SignalSource {
    /**
     * Has an action run for signals that have come, also for those before this call.
     *
     * @param event the eventfd; stays the caller's
     * @param action must neither wait nor throw
     * @throws ErrnoException where the host refuses
     */
    void bind(Fd event, Runnable action) throws ErrnoException;

    /**
     * Undoes {@link #bind}; when this returns, no call is under way or follows.
     *
     * @param event as there, still open
     * @throws ErrnoException where the host refuses
     */
    void unbind(Fd event) throws ErrnoException;
}
