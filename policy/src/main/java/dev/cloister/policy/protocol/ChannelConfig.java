package dev.cloister.policy.protocol;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.PortRange;
import java.util.List;

/**
 * One channel of one domain, as the daemon laid it out; it becomes the directory entry of the same index.
 *
 * @param index position in the directory, 0 to {@link VmmCodec#MAX_CHANNELS} - 1
 * @param flow name of the flow, 1 to {@link VmmCodec#MAX_FLOW_NAME} bytes of printable ASCII
 * @param kind kind of the channel
 * @param direction as this domain sees it
 * @param peer name of the other endpoint, a domain or {@code @audit}, {@code @console}; 1 to {@link VmmCodec#MAX_NAME} bytes
 * @param window where its ring lies, and of what it is made
 * @param limits how much may pass
 * @param sockets stream: what it carries of AF_VSOCK; {@link Sockets#NONE} where it has a ring in the guest's memory
 */
public record ChannelConfig(
        int index,
        String flow,
        FlowKind kind,
        Direction direction,
        String peer,
        Window window,
        Limits limits,
        Sockets sockets) {

    /**
     * The ring of a channel, and the window of guest memory that it lies in.
     *
     * @param gpa guest-physical address of the window, aligned to 64 KiB; 0 for channels without one (event, console, sockets)
     * @param sizeBytes size of the window in bytes, a multiple of 64 KiB; 0 without one. The memory file has exactly this size
     * @param recordBytes memory, datagram, log: bytes of a record with its 8-byte header, a multiple of 8; stream: 1; otherwise 0
     * @param recordCount memory, datagram, log: records in the ring, a power of two; stream: capacity of the byte ring, a power of
     *     two; otherwise 0
     */
    public record Window(long gpa, long sizeBytes, int recordBytes, int recordCount) {
        /** Neither memory nor a ring. */
        public static final Window NONE = new Window(0, 0, 0, 0);
    }

    /**
     * How much may pass.
     *
     * @param ratePerSecond most signals (memory, event) or bytes (the others) per second that the sender may have; 0 is unlimited
     * @param rateBurst most of them at once; 0 when unlimited
     * @param backChannelBitsPerSecond stream, datagram: how many bits may go back in a second, by the budget or, for a stream, without one; otherwise 0
     * @param quota what the sender may have in each period
     */
    public record Limits(long ratePerSecond, long rateBurst, long backChannelBitsPerSecond, Quota quota) {
        /** No limits, and no budget. */
        public static final Limits NONE = new Limits(0, 0, 0, Quota.NONE);
    }

    /**
     * What may pass in each of the periods that follow each other without a gap.
     *
     * @param units most signals (event) or bytes (the others) in a period; 0 is unlimited
     * @param periodNanos length of a period in nanoseconds; 0 when unlimited
     * @param startNanos when the first period began, on the host's monotonic clock
     * @param used what has passed in the present period before this configuration
     */
    public record Quota(long units, long periodNanos, long startNanos, long used) {
        /** No quota. */
        public static final Quota NONE = new Quota(0, 0, 0, 0);

        /**
         * Tells whether there is a limit.
         *
         * @return true if there is
         */
        public boolean limited() {
            return units > 0;
        }
    }

    /**
     * What a stream carries of AF_VSOCK.
     *
     * @param peerCid context id of the other end's guest; 0 for a stream that carries no such connections
     * @param ports ports of the receiver that the sender's programs may connect to; none where it answers
     * @param answers name of the flow whose connections this one carries back; empty where it has ports
     * @param answered whether another flow answers this one
     */
    public record Sockets(long peerCid, List<PortRange> ports, String answers, boolean answered) {
        /** No connections. */
        public static final Sockets NONE = new Sockets(0, List.of(), "", false);

        /** Copies the list. */
        public Sockets {
            ports = List.copyOf(ports);
        }

        /** Tells whether the stream carries connections. */
        public boolean present() {
            return peerCid != 0;
        }

        /**
         * Tells whether the sender's programs may connect to a port.
         *
         * @param port 0 to 4294967295
         */
        public boolean allows(long port) {
            for (int i = 0; i < ports.size(); i++) {
                if (ports.get(i).contains(port)) {
                    return true;
                }
            }
            return false;
        }
    }
}
