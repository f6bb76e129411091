package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;

/**
 * The daemon's own ends of channels: the sending end of flows from {@code @audit}, the receiving end of those to {@code @log} files.
 * Loop's thread only.
 *
 * @param feed sends audit records
 * @param keeper receives lines
 */
record HostEnds(AuditFeed feed, LogKeeper keeper) implements AutoCloseable {
    /** Takes the sending end of a channel whose sender is no domain. */
    void send(Channel channel, int epoch) throws ErrnoException {
        feed.attach(channel, epoch);
    }

    /** Takes the receiving end of a channel whose receiver is no domain. */
    void receive(Channel channel) throws ErrnoException {
        keeper.attach(channel);
    }

    /** Lets go of a channel, if it has an end of it. */
    void detach(Channel channel) {
        feed.detach(channel);
        keeper.detach(channel);
    }

    @Override
    public void close() {
        feed.close();
        keeper.close();
    }
}
