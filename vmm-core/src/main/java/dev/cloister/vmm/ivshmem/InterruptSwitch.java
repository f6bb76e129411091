package dev.cloister.vmm.ivshmem;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.channel.ChannelSignals;
import org.jspecify.annotations.Nullable;

/**
 * Where a channel's interrupts go: to the fixed vector of its place in the directory, until the guest's PCI driver has shown itself;
 * from then on to the function. Any thread.
 */
public final class InterruptSwitch implements ChannelSignals {
    private final ChannelSignals fixed;
    private final SignalSource source;
    private final @Nullable Fd[] bound = new Fd[VmmCodec.MAX_CHANNELS];
    private final @Nullable Runnable[] taken = new Runnable[VmmCodec.MAX_CHANNELS];

    /**
     * All to the fixed vectors.
     *
     * @param fixed the engine's way for doorbells and fixed vectors
     * @param source watches the eventfds whose interrupts go to functions
     */
    public InterruptSwitch(ChannelSignals fixed, SignalSource source) {
        this.fixed = fixed;
        this.source = source;
    }

    @Override
    public void bindDoorbell(Fd event, int port) throws ErrnoException {
        fixed.bindDoorbell(event, port);
    }

    @Override
    public void unbindDoorbell(Fd event, int port) throws ErrnoException {
        fixed.unbindDoorbell(event, port);
    }

    @Override
    public synchronized void bindInterrupt(Fd event, int gsi) throws ErrnoException {
        int place = gsi - DirectoryLayout.INTERRUPT_GSI;
        Runnable action = taken[place];
        if (action == null) {
            fixed.bindInterrupt(event, gsi);
        } else {
            source.bind(event, action);
        }
        bound[place] = event;
    }

    @Override
    public synchronized void unbindInterrupt(Fd event, int gsi) throws ErrnoException {
        int place = gsi - DirectoryLayout.INTERRUPT_GSI;
        bound[place] = null;
        if (taken[place] == null) {
            fixed.unbindInterrupt(event, gsi);
        } else {
            source.unbind(event);
        }
    }

    /**
     * From now on a place's interrupts are an action, and its fixed vector is silent. A second call does nothing.
     *
     * @param place the channel's position in the directory
     * @param action must neither wait nor throw
     * @throws ErrnoException where the host refuses
     */
    synchronized void take(int place, Runnable action) throws ErrnoException {
        if (taken[place] != null) {
            return;
        }
        Fd event = bound[place];
        if (event != null) {
            fixed.unbindInterrupt(event, DirectoryLayout.INTERRUPT_GSI + place);
            source.bind(event, action);
        }
        taken[place] = action;
    }

    /**
     * Undoes {@link #take}: the fixed vector again.
     *
     * @param place the channel's position in the directory
     * @throws ErrnoException where the host refuses
     */
    synchronized void release(int place) throws ErrnoException {
        Fd event = bound[place];
        if (taken[place] != null && event != null) {
            source.unbind(event);
            fixed.bindInterrupt(event, DirectoryLayout.INTERRUPT_GSI + place);
        }
        taken[place] = null;
    }
}
