package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;

/**
 * One end of a ring in pages that a guest and its own VMM share. Each end owns one counter and keeps it here; the other end's counter
 * is loaded once for each call and must lie within the capacity, or the ring is closed for good. The capacity comes from the
 * configuration, never from the pages. One thread for each end; allocates nothing. What is counted, bytes or records, and how it lies
 * in the pages is the subclass's.
 */
public abstract sealed class CountedRing permits ByteRing, RecordRing {
    /** Offset of the capacity, u32: bytes or records. */
    public static final long CAPACITY_OFFSET = 0x08;
    /** Offset of the flags, u32. */
    public static final long FLAGS_OFFSET = 0x0c;
    /** Offset of the epoch, u32: that of the directory entry; written by the VMM. */
    public static final long EPOCH_OFFSET = 0x10;
    /** Offset of the epoch that the guest has accepted, u32; written by the guest. */
    public static final long ACCEPTED_OFFSET = 0x14;
    /** Offset of the producer's counter, u64. */
    public static final long PRODUCED_OFFSET = 0x40;
    /** Offset of the consumer's counter, u64. */
    public static final long CONSUMED_OFFSET = 0x80;
    /** Offset of the first data byte. */
    public static final long DATA_OFFSET = 0x1000;
    /** Flag: the channel is closed, or reopened but not yet accepted by the guest. */
    public static final int FLAG_CLOSED = 1;
    /** Returned when the other end broke the contract; stays so. */
    public static final int CORRUPT = -1;

    private final MemorySegment region;
    private final int capacity;
    private final boolean producer;
    private long own;
    private int epoch;
    private boolean offered;
    private boolean corrupt;

    CountedRing(MemorySegment region, int capacity, boolean producer) {
        this.region = region;
        this.capacity = requirePowerOfTwo(capacity);
        this.producer = producer;
    }

    static int requirePowerOfTwo(int capacity) {
        if (capacity < 1 || Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity " + capacity + ": expected a power of two");
        }
        return capacity;
    }

    /** Writes an empty ring's header; {@code epoch} is accepted in advance, for the guest has seen no other. */
    static void header(MemorySegment region, long magic, int capacity, int epoch) {
        region.set(MemoryRing.LONG, 0, magic);
        region.set(MemoryRing.INT, CAPACITY_OFFSET, capacity);
        region.set(MemoryRing.INT, FLAGS_OFFSET, 0);
        region.set(MemoryRing.INT, EPOCH_OFFSET, epoch);
        region.set(MemoryRing.INT, ACCEPTED_OFFSET, epoch);
        region.set(MemoryRing.LONG, PRODUCED_OFFSET, 0);
        MemoryRing.LONGS.setRelease(region, CONSUMED_OFFSET, 0L);
    }

    /**
     * Writes the header of an empty ring, with this end at its beginning; done by the VMM before the guest runs.
     *
     * @param newEpoch which opening of the channel this is; accepted in advance
     */
    public abstract void open(int newEpoch);

    final MemorySegment region() {
        return region;
    }

    /** Bytes or records that have passed this end, which is where the next one is. */
    final long own() {
        return own;
    }

    /**
     * Returns the ring's capacity.
     *
     * @return bytes or records, a power of two
     */
    public final int capacity() {
        return capacity;
    }

    /**
     * Returns what can be done now: room for the producer, what there is to read for the consumer.
     *
     * @return 0 to the capacity, or {@link #CORRUPT}
     */
    public final int available() {
        if (corrupt) {
            return CORRUPT;
        }
        long other = (long) MemoryRing.LONGS.getAcquire(region, producer ? CONSUMED_OFFSET : PRODUCED_OFFSET);
        long filled = producer ? own - other : other - own;
        if (Long.compareUnsigned(filled, capacity) > 0) {
            return spoil();
        }
        return producer ? capacity - (int) filled : (int) filled;
    }

    /** Sets the closed flag for the other end to see. */
    public final void close() {
        MemoryRing.INTS.setRelease(region, FLAGS_OFFSET, FLAG_CLOSED);
    }

    /**
     * Tells whether an end has closed the channel or this one found it corrupt.
     *
     * @return true if nothing more will come after what {@link #available} says
     */
    public final boolean closed() {
        return corrupt || ((int) MemoryRing.INTS.getAcquire(region, FLAGS_OFFSET) & FLAG_CLOSED) != 0;
    }

    /**
     * Returns what has passed this end.
     *
     * @return bytes or records
     */
    public final long position() {
        return own;
    }

    /**
     * Offers the guest another opening of the channel. The ring stays closed until {@link #begin} finds it accepted, so that
     * nothing of the old one gets into the new one.
     *
     * @param newEpoch the directory entry's epoch
     */
    public final void offer(int newEpoch) {
        epoch = newEpoch;
        offered = true;
        close();
        MemoryRing.INTS.setRelease(region, EPOCH_OFFSET, newEpoch);
    }

    /**
     * Tells whether an opening is offered that the guest has not accepted yet.
     *
     * @return true between {@link #offer} and the {@link #begin} that succeeds
     */
    public final boolean offered() {
        return offered;
    }

    /**
     * Opens the ring that was offered, empty, if the guest has accepted its epoch. What was left in it is discarded.
     *
     * @return whether it is open now; always true of one that was only initialised
     */
    public final boolean begin() {
        if (!offered) {
            return true;
        }
        int accepted = (int) MemoryRing.INTS.getAcquire(region, ACCEPTED_OFFSET);
        if (accepted != epoch) {
            return false;
        }
        offered = false;
        own = (long) MemoryRing.LONGS.getAcquire(region, producer ? CONSUMED_OFFSET : PRODUCED_OFFSET);
        corrupt = false;
        MemoryRing.LONGS.setRelease(region, producer ? PRODUCED_OFFSET : CONSUMED_OFFSET, own);
        MemoryRing.INTS.setRelease(region, FLAGS_OFFSET, 0);
        return true;
    }

    /** The other end broke the contract. */
    final int spoil() {
        corrupt = true;
        close();
        return CORRUPT;
    }

    /** Moves this end by what it has written or read. */
    final void advance(int n) {
        own += n;
        MemoryRing.LONGS.setRelease(region, producer ? PRODUCED_OFFSET : CONSUMED_OFFSET, own);
    }

    final void requireRole(boolean asProducer) {
        if (producer != asProducer) {
            throw new IllegalStateException(producer ? "read at the producing end" : "write at the consuming end");
        }
    }
}
