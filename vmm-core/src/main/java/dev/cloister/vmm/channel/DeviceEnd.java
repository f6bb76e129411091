package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.protocol.ChannelConfig;
import java.util.List;

/**
 * One direction of a device of the guest whose way to the outside is a channel: a disk's reading or writing, a network interface's
 * receiving or sending. The daemon hands it over and takes it away while the guest runs; without it the device is there and does
 * nothing. {@link #attach} and {@link #sever} come from one thread at a time, the counters from any.
 */
public interface DeviceEnd {
    /** How many descriptors an opening comes with. */
    int DESCRIPTORS = 1;

    /**
     * Says what the flow allows; before the first {@link #attach}, and again whenever another policy allows it otherwise.
     *
     * @param channel the flow as the daemon has it
     */
    void configure(ChannelConfig channel);

    /**
     * Takes the way to the outside.
     *
     * @param fds {@link #DESCRIPTORS} of them, not taken before; what is kept is taken out of the list
     * @throws ErrnoException if the descriptor is not what the device needs
     */
    void attach(List<Fd> fds) throws ErrnoException;

    /** Gives it back: when this returns, nothing passes any more and every descriptor is closed. Does nothing where there is none. */
    void sever();

    /**
     * What has passed so far, over all openings.
     *
     * @return bytes
     */
    long units();

    /**
     * What the flow's limits held back or a receiver could not take.
     *
     * @return bytes of a disk, frames of a wire
     */
    long refused();
}
