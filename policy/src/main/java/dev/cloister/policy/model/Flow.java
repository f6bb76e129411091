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
 * @param recordBytes memory: bytes of a record with its 8-byte header; else 0
 * @param records memory: records in the ring, a power of two; else 0
 * @param capacity stream: bytes of each byte ring, a power of two; else 0
 * @param rate how fast it may be used, where the policy says
 * @param backChannel what it may leak the other way, where the policy says
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
        Optional<Rate> rate,
        Optional<BackChannel> backChannel,
        String description,
        SourcePosition position) {
    /** Windows are aligned to, and their sizes multiples of, this many bytes. */
    public static final int WINDOW_ALIGNMENT = 0x1_0000;

    /** The header page before a ring's records or bytes. */
    public static final int RING_HEADER = 0x1000;

    /** Returns the bytes of guest-physical address space that one end of the channel needs; 0 for none. */
    public long windowBytes() {
        return switch (kind) {
            case MEMORY -> aligned(RING_HEADER + (long) recordBytes * records);
            case STREAM -> aligned(RING_HEADER + (long) capacity);
            case EVENT, CONSOLE -> 0;
        };
    }

    private static long aligned(long bytes) {
        return (bytes + WINDOW_ALIGNMENT - 1) & -WINDOW_ALIGNMENT;
    }
}
