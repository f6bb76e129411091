package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;

/** How the signals of a machine's channels reach and leave its guest: what an engine does for them. Any thread. */
public interface ChannelSignals {
    /**
     * Makes 4-byte writes to a port signal an eventfd without a visit to user space.
     *
     * @param event the eventfd; stays the caller's
     * @param port the doorbell's port
     * @throws ErrnoException where the host refuses
     */
    void bindDoorbell(Fd event, int port) throws ErrnoException;

    /**
     * Undoes {@link #bindDoorbell}.
     *
     * @param event as there
     * @param port as there
     * @throws ErrnoException where the host refuses
     */
    void unbindDoorbell(Fd event, int port) throws ErrnoException;

    /**
     * Makes an eventfd's signals interrupts of a GSI.
     *
     * @param event the eventfd; stays the caller's
     * @param gsi the interrupt line
     * @throws ErrnoException where the host refuses
     */
    void bindInterrupt(Fd event, int gsi) throws ErrnoException;

    /**
     * Undoes {@link #bindInterrupt}.
     *
     * @param event as there
     * @param gsi as there
     * @throws ErrnoException where the host refuses
     */
    void unbindInterrupt(Fd event, int gsi) throws ErrnoException;
}
