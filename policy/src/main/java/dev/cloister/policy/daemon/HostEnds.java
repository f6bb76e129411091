package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.host.HostObjects;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import java.io.IOException;

/**
 * The daemon's own ends of channels: the sending end of flows from {@code @audit}, the receiving end of those to {@code @log} files,
 * and either end of those at {@code @socket}. Loop's thread only.
 *
 * @param feed sends audit records
 * @param keeper receives lines
 * @param sockets connects programs
 * @param objects what flows of kind disk and wire begin or end at
 */
record HostEnds(AuditFeed feed, LogKeeper keeper, HostSockets sockets, HostObjects objects) implements AutoCloseable {
    /** Takes the sending end of a channel whose sender is no domain. */
    void send(Channel channel, int epoch) throws IOException {
        if (HostSockets.is(channel.flow())) {
            sockets.attach(channel, Direction.OUT);
        } else if (!isObject(channel)) {
            feed.attach(channel, epoch);
        }
    }

    /** Takes the receiving end of a channel whose receiver is no domain. */
    void receive(Channel channel) throws IOException {
        if (HostSockets.is(channel.flow())) {
            sockets.attach(channel, Direction.IN);
        } else if (!isObject(channel)) {
            keeper.attach(channel);
        }
    }

    /** Whether the host's end is an object of the host, which the channel's own objects hold. */
    private static boolean isObject(Channel channel) {
        return channel.flow().kind() == FlowKind.DISK || channel.flow().kind() == FlowKind.WIRE;
    }

    /** Whether nothing is under way any more to programs of the host over a channel whose domain has ended. */
    boolean drained(Channel channel) {
        return sockets.drained(channel);
    }

    /** Lets go of a channel, if it has an end of it. */
    void detach(Channel channel) {
        feed.detach(channel);
        keeper.detach(channel);
        sockets.detach(channel);
    }

    @Override
    public void close() {
        feed.close();
        keeper.close();
        sockets.close();
        objects.close();
    }
}
