package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;

/**
 * One end of the ring of a datagram or log channel: it counts records. Record <i>n</i> is in slot <i>n</i> modulo the capacity: u32
 * bytes of payload, u32 records that were lost just before it, payload. A length is loaded once and judged before anything is copied.
 */
public final class RecordRing extends CountedRing {
    /** "CLSRECD1" read as a little-endian number. */
    public static final long MAGIC = 0x3144_4345_5253_4c43L;
    /** Offset of the bytes of a record with its header, u32. */
    public static final long RECORD_BYTES_OFFSET = 0x18;
    /** Offset of the count of messages that were lost on their way, as far as this end may know, u64; written by the VMM. */
    public static final long LOST_OFFSET = 0xc0;
    /** Bytes of a record's header. */
    public static final int HEADER_BYTES = 8;
    /** Bytes in front of the payload of each packet from the daemon: u32 records that were lost just before it. */
    public static final int PACKET_PREFIX_BYTES = 4;
    /** Least bytes of a record. */
    public static final int MIN_RECORD_BYTES = 16;
    /** Most bytes of a record: its payload and four bytes more must fit a packet of a pipe. */
    public static final int MAX_RECORD_BYTES = 4096;
    /** There is nothing to read. */
    public static final int EMPTY = -2;

    private static final long LOST_BEFORE = 4;

    private final int recordBytes;
    private long lost;

    private RecordRing(MemorySegment region, int recordBytes, int records, boolean producer) {
        super(region.asSlice(0, bytes(recordBytes, records)), records, producer);
        this.recordBytes = recordBytes;
    }

    private static long bytes(int recordBytes, int records) {
        if (recordBytes < MIN_RECORD_BYTES || recordBytes > MAX_RECORD_BYTES || recordBytes % HEADER_BYTES != 0) {
            throw new IllegalArgumentException("record of " + recordBytes + " bytes: expected a multiple of 8, "
                    + MIN_RECORD_BYTES + " to " + MAX_RECORD_BYTES);
        }
        return DATA_OFFSET + (long) recordBytes * requirePowerOfTwo(records);
    }

    /**
     * Takes the producing end of a ring.
     *
     * @param region writable memory with room for the header page and all records, aligned to 8
     * @param recordBytes bytes of a record with its header: a multiple of 8, {@link #MIN_RECORD_BYTES} to {@link #MAX_RECORD_BYTES}
     * @param records a power of two
     * @return the end
     */
    public static RecordRing producer(MemorySegment region, int recordBytes, int records) {
        return new RecordRing(region, recordBytes, records, true);
    }

    /**
     * Takes the consuming end of a ring; parameters as for {@link #producer}.
     *
     * @param region the memory
     * @param recordBytes bytes of a record
     * @param records how many
     * @return the end
     */
    public static RecordRing consumer(MemorySegment region, int recordBytes, int records) {
        return new RecordRing(region, recordBytes, records, false);
    }

    @Override
    public void open(int newEpoch) {
        region().set(MemoryRing.INT, RECORD_BYTES_OFFSET, recordBytes);
        header(region(), MAGIC, capacity(), newEpoch);
    }

    /**
     * Returns the most bytes that one record carries.
     *
     * @return bytes
     */
    public int maxPayload() {
        return recordBytes - HEADER_BYTES;
    }

    /**
     * Shows how many messages were lost on their way, beside those shown before; any thread of the VMM, one at a time.
     *
     * @param more how many
     */
    public void addLost(long more) {
        lost += more;
        MemoryRing.LONGS.setRelease(region(), LOST_OFFSET, lost);
    }

    /**
     * Writes one record; the producer's call.
     *
     * @param source where from
     * @param offset first byte of the payload
     * @param length bytes of it, 0 to {@link #maxPayload}
     * @param before records that were lost before this one; what doesn't fit 32 bits is cut
     * @return 1 if it was taken, 0 if there is no room, or {@link #CORRUPT}
     */
    public int write(MemorySegment source, long offset, int length, long before) {
        requireRole(true);
        if (length < 0 || length > maxPayload()) {
            throw new IllegalArgumentException("payload of " + length + " bytes: expected 0 to " + maxPayload());
        }
        int room = available();
        if (room <= 0) {
            return room;
        }
        long record = slot();
        region().set(MemoryRing.INT, record, length);
        region().set(MemoryRing.INT, record + LOST_BEFORE, (int) Math.min(before, 0xffff_ffffL));
        MemorySegment.copy(source, offset, region(), record + HEADER_BYTES, length);
        advance(1);
        return 1;
    }

    /**
     * Copies one record's payload out; the consumer's call. A length that no record can have closes the ring.
     *
     * @param target where to; at least {@link #maxPayload} bytes behind the offset
     * @param offset first byte
     * @return bytes of the payload, {@link #EMPTY} or {@link #CORRUPT}
     */
    public int read(MemorySegment target, long offset) {
        requireRole(false);
        int there = available();
        if (there <= 0) {
            return there == 0 ? EMPTY : CORRUPT;
        }
        long record = slot();
        int length = (int) MemoryRing.INTS.getOpaque(region(), record);
        if (length < 0 || length > maxPayload()) {
            return spoil();
        }
        MemorySegment.copy(region(), record + HEADER_BYTES, target, offset, length);
        advance(1);
        return length;
    }

    /**
     * Reads how many records were lost just before the one that {@link #read} gives next; the consumer's call.
     *
     * @return records, as the producer says; 0 if there is nothing to read
     */
    public long lostBefore() {
        requireRole(false);
        return available() <= 0 ? 0 : Integer.toUnsignedLong(region().get(MemoryRing.INT, slot() + LOST_BEFORE));
    }

    private long slot() {
        return DATA_OFFSET + (own() & (capacity() - 1)) * recordBytes;
    }
}
