package dev.cloister.policy.model;

import java.util.Optional;

/**
 * A declared permission for information to move from one endpoint to another.
 *
 * @param index dense number, also the index into {@link Policy#flows()}
 * @param name its name, at most 39 characters
 * @param from the sender
 * @param to the receiver
 * @param kind kind of channel
 * @param recordBytes memory, datagram, log: bytes of a record with its 8-byte header; else 0
 * @param records memory, datagram, log: records in each ring, a power of two; else 0
 * @param capacity stream: bytes of each byte ring, a power of two; else 0
 * @param limits how fast, how much and when it may be used
 * @param backChannel what it may leak the other way, where the policy says
 * @param sockets stream: what it carries of AF_VSOCK, where it carries that and no ring
 * @param forbidden the fragment's rule that forbids it, where one does
 * @param description the author's words, may be empty
 * @param position where the policy declares it
 */
public record Flow(
        int index,
        String name,
        Endpoint from,
        Endpoint to,
        FlowKind kind,
        int recordBytes,
        int records,
        int capacity,
        Limits limits,
        Optional<BackChannel> backChannel,
        Optional<SocketUse> sockets,
        Optional<Forbid> forbidden,
        String description,
        SourcePosition position) {
    /** Windows are aligned to, and their sizes multiples of, this many bytes. */
    public static final int WINDOW_ALIGNMENT = 0x1_0000;

    /** The header page before a ring's records or bytes. */
    public static final int RING_HEADER = 0x1000;

    /**
     * How fast, how much and when a flow may be used.
     *
     * @param rate token bucket, where stated
     * @param quota amount per period, where stated
     * @param when windows in which its channel may live
     * @param revokeWithinNanos time that the VMMs have to let go of it once it is revoked, in nanoseconds
     */
    public record Limits(Optional<Rate> rate, Optional<Quota> quota, When when, long revokeWithinNanos) {
        /** What a flow that says nothing gets: five seconds. */
        public static final long REVOKE_WITHIN = 5_000_000_000L;
        /** No limits. */
        public static final Limits NONE = new Limits(Optional.empty(), Optional.empty(), When.ALWAYS, REVOKE_WITHIN);

        /** Returns these with another rate. */
        public Limits with(Rate other) {
            return new Limits(Optional.of(other), quota, when, revokeWithinNanos);
        }

        /** Returns these with another quota. */
        public Limits with(Quota other) {
            return new Limits(rate, Optional.of(other), when, revokeWithinNanos);
        }

        /** Returns these with other windows. */
        public Limits with(When other) {
            return new Limits(rate, quota, other, revokeWithinNanos);
        }
    }

    /** Returns the same flow with other limits and another budget. */
    public Flow with(Limits others, Optional<BackChannel> budget) {
        return copy(index, from, to, others, budget, sockets, forbidden);
    }

    /** Returns the same flow, forbidden or not. */
    public Flow withForbidden(Optional<Forbid> rule) {
        return copy(index, from, to, limits, backChannel, sockets, rule);
    }

    /** Returns the same flow with another use of its stream. */
    public Flow withSockets(SocketUse use) {
        return copy(index, from, to, limits, backChannel, Optional.of(use), forbidden);
    }

    /** Returns the same flow between ends of another policy, in another place of it. */
    public Flow between(int place, Endpoint sender, Endpoint receiver) {
        return copy(place, sender, receiver, limits, backChannel, sockets, forbidden);
    }

    private Flow copy(
            int place,
            Endpoint sender,
            Endpoint receiver,
            Limits others,
            Optional<BackChannel> budget,
            Optional<SocketUse> use,
            Optional<Forbid> rule) {
        return new Flow(
                place,
                name,
                sender,
                receiver,
                kind,
                recordBytes,
                records,
                capacity,
                others,
                budget,
                use,
                rule,
                description,
                position);
    }

    /** Returns the token bucket, where the policy states one. */
    public Optional<Rate> rate() {
        return limits.rate();
    }

    /** Returns the bytes of guest-physical address space that one end of the channel needs; 0 for none. */
    public long windowBytes() {
        return switch (kind) {
            case MEMORY, DATAGRAM, LOG -> aligned(RING_HEADER + (long) recordBytes * records);
            case STREAM -> sockets.isPresent() ? 0 : aligned(RING_HEADER + (long) capacity);
            case EVENT, CONSOLE, WIRE, DISK -> 0;
        };
    }

    private static long aligned(long bytes) {
        return (bytes + WINDOW_ALIGNMENT - 1) & -WINDOW_ALIGNMENT;
    }
}
