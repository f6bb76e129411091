package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.policy.protocol.ChannelConfig;

/** Who moves the connections of the guest's socket device over streams to other VMMs. Any thread; one change of a channel at a time. */
public interface SocketCarrier {
    /**
     * A channel has its place in the directory, which may have been another's; it isn't there yet.
     *
     * @param channel what it is; other channels than streams with connections only take the place
     */
    void declare(ChannelConfig channel);

    /**
     * A channel's end is there.
     *
     * @param channel which
     * @param pipe the pipe to the daemon's relay or from it; the carrier's from here on
     * @param credit by which credit is returned or comes; the carrier's from here on
     * @throws ErrnoException where the host refuses
     */
    void attach(ChannelConfig channel, Fd pipe, EventFd credit) throws ErrnoException;

    /**
     * Takes a channel's end away; when this returns, nothing passes any more and its descriptors are closed.
     *
     * @param channel which; nothing is done for one that isn't there
     */
    void sever(ChannelConfig channel);

    /**
     * Bytes that have passed a channel's end since it was attached.
     *
     * @param channel which
     * @return a count; 0 for one that isn't there
     */
    long bytes(ChannelConfig channel);
}
