package dev.cloister.policy.protocol;

import dev.cloister.policy.model.FlowKind;

/**
 * One channel of one domain, as the daemon laid it out; it becomes the directory entry of the same index.
 *
 * @param index position in the directory, 0 to {@link VmmCodec#MAX_CHANNELS} - 1
 * @param flow name of the flow, 1 to {@link VmmCodec#MAX_FLOW_NAME} bytes of printable ASCII
 * @param kind kind of the channel
 * @param direction as this domain sees it
 * @param peer name of the other endpoint, a domain or {@code @audit}, {@code @console}; 1 to {@link VmmCodec#MAX_NAME} bytes
 * @param gpa guest-physical address of the window, aligned to 64 KiB; 0 for kinds without one (event, console)
 * @param sizeBytes size of the window in bytes, a multiple of 64 KiB; 0 without one. The memory file has exactly this size
 * @param recordBytes memory, datagram, log: bytes of a record with its 8-byte header, a multiple of 8; stream: 1; otherwise 0
 * @param recordCount memory, datagram, log: records in the ring, a power of two; stream: capacity of the byte ring, a power of two;
 *     otherwise 0
 * @param ratePerSecond most signals (memory, event) or bytes (the others) per second that the sender may have; 0 is unlimited
 * @param rateBurst most of them at once; 0 when unlimited
 * @param backChannelBitsPerSecond stream, datagram: budget of the induced reverse edge, bits per second; otherwise 0
 * @param quota what the sender may have in each period
 */
public record ChannelConfig(
        int index,
        String flow,
        FlowKind kind,
        Direction direction,
        String peer,
        long gpa,
        long sizeBytes,
        int recordBytes,
        int recordCount,
        long ratePerSecond,
        long rateBurst,
        long backChannelBitsPerSecond,
        Quota quota) {

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

    /** A channel without a quota. */
    public ChannelConfig(
            int index,
            String flow,
            FlowKind kind,
            Direction direction,
            String peer,
            long gpa,
            long sizeBytes,
            int recordBytes,
            int recordCount,
            long ratePerSecond,
            long rateBurst,
            long backChannelBitsPerSecond) {
        this(
                index,
                flow,
                kind,
                direction,
                peer,
                gpa,
                sizeBytes,
                recordBytes,
                recordCount,
                ratePerSecond,
                rateBurst,
                backChannelBitsPerSecond,
                Quota.NONE);
    }
}
