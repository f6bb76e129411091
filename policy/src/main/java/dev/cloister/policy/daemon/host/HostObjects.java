package dev.cloister.policy.daemon.host;

import dev.cloister.policy.daemon.loop.EventLoop;

/**
 * What flows of kind disk and wire begin or end at on the host.
 *
 * @param disks the disks
 * @param taps the taps
 */
public record HostObjects(HostDisks disks, HostTaps taps) implements AutoCloseable {
    /** Time that a tap stays open without a channel, in which the relay closes its copies of the descriptor. */
    private static final long TAP_IDLE_MILLIS = 1000;

    /** Nothing is open yet. */
    public HostObjects(EventLoop loop, KeptDisks kept) {
        this(new HostDisks(kept), new HostTaps(task -> loop.after(TAP_IDLE_MILLIS, task)));
    }

    @Override
    public void close() {
        taps.close();
        disks.close();
    }
}
