package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;

/**
 * One end of a stream's byte ring: pages that a guest and its own VMM share. Each end owns one counter and keeps it here; the
 * other end's counter is loaded once for each call and must lie within the capacity, or the ring is closed for good. The
 * capacity comes from the configuration, never from the pages. One thread for each end; allocates nothing.
 */
public final class ByteRing {
    /** "CLSBYTE1" read as a little-endian number. */
    public static final long MAGIC = 0x3145_5459_4253_4c43L;
    /** Offset of the capacity, u32 bytes. */
    public static final long CAPACITY_OFFSET = 0x08;
    /** Offset of the flags, u32. */
    public static final long FLAGS_OFFSET = 0x0c;
    /** Offset of the epoch, u32: that of the directory entry; written by the VMM. */
    public static final long EPOCH_OFFSET = 0x10;
    /** Offset of the epoch that the guest has accepted, u32; written by the guest. */
    public static final long ACCEPTED_OFFSET = 0x14;
    /** Offset of the producer's counter, u64 bytes. */
    public static final long PRODUCED_OFFSET = 0x40;
    /** Offset of the consumer's counter, u64 bytes. */
    public static final long CONSUMED_OFFSET = 0x80;
    /** Offset of the first data byte. */
    public static final long DATA_OFFSET = 0x1000;
    /** Flag: the stream is closed, or reopened but not yet accepted by the guest. */
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

    private ByteRing(MemorySegment region, int capacity, boolean producer) {
        if (capacity < 1 || Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity " + capacity + ": expected a power of two");
        }
        this.region = region.asSlice(0, DATA_OFFSET + capacity);
        this.capacity = capacity;
        this.producer = producer;
    }

    /**
     * Returns the capacity that fits a window.
     *
     * @param windowBytes the window's bytes
     * @return the largest power of two that leaves room for the header page, at most 1 GiB
     */
    public static int capacityFor(long windowBytes) {
        if (windowBytes <= DATA_OFFSET) {
            throw new IllegalArgumentException(
                    "window of " + windowBytes + " bytes: expected more than " + DATA_OFFSET);
        }
        return (int) Math.min(1 << 30, Long.highestOneBit(windowBytes - DATA_OFFSET));
    }

    /**
     * Returns the window that holds a ring, a multiple of 64 KiB.
     *
     * @param capacity a power of two
     * @return bytes
     */
    public static long windowBytes(int capacity) {
        return MemoryRing.roundUp(DATA_OFFSET + capacity);
    }

    /**
     * Writes an empty ring's header; done by the VMM before the guest runs.
     *
     * @param region writable memory of at least {@code DATA_OFFSET + capacity} bytes, aligned to 8
     * @param capacity a power of two
     * @param epoch which opening of the channel this is; accepted in advance, for the guest has seen no other
     */
    public static void initialise(MemorySegment region, int capacity, int epoch) {
        region.set(MemoryRing.LONG, 0, MAGIC);
        region.set(MemoryRing.INT, CAPACITY_OFFSET, capacity);
        region.set(MemoryRing.INT, FLAGS_OFFSET, 0);
        region.set(MemoryRing.INT, EPOCH_OFFSET, epoch);
        region.set(MemoryRing.INT, ACCEPTED_OFFSET, epoch);
        region.set(MemoryRing.LONG, PRODUCED_OFFSET, 0);
        MemoryRing.LONGS.setRelease(region, CONSUMED_OFFSET, 0L);
    }

    /**
     * Takes the producing end of an initialised ring.
     *
     * @param region as for {@link #initialise}
     * @param capacity as for {@link #initialise}
     * @return the end
     */
    public static ByteRing producer(MemorySegment region, int capacity) {
        return new ByteRing(region, capacity, true);
    }

    /**
     * Takes the consuming end of an initialised ring.
     *
     * @param region as for {@link #initialise}
     * @param capacity as for {@link #initialise}
     * @return the end
     */
    public static ByteRing consumer(MemorySegment region, int capacity) {
        return new ByteRing(region, capacity, false);
    }

    /**
     * Returns the ring's capacity.
     *
     * @return bytes, a power of two
     */
    public int capacity() {
        return capacity;
    }

    /**
     * Returns what can be done now: bytes free for the producer, bytes to read for the consumer.
     *
     * @return 0 to the capacity, or {@link #CORRUPT}
     */
    public int available() {
        if (corrupt) {
            return CORRUPT;
        }
        long other = (long) MemoryRing.LONGS.getAcquire(region, producer ? CONSUMED_OFFSET : PRODUCED_OFFSET);
        long filled = producer ? own - other : other - own;
        if (Long.compareUnsigned(filled, capacity) > 0) {
            corrupt = true;
            close();
            return CORRUPT;
        }
        return producer ? capacity - (int) filled : (int) filled;
    }

    /**
     * Copies bytes in; the producer's call.
     *
     * @param source where from
     * @param offset first byte
     * @param length most bytes
     * @return bytes taken, possibly 0, or {@link #CORRUPT}
     */
    public int write(MemorySegment source, long offset, int length) {
        requireRole(true);
        int n = Math.min(available(), length);
        if (n > 0) {
            int at = (int) (own & (capacity - 1));
            int first = Math.min(n, capacity - at);
            MemorySegment.copy(source, offset, region, DATA_OFFSET + at, first);
            MemorySegment.copy(source, offset + first, region, DATA_OFFSET, n - first);
            advance(PRODUCED_OFFSET, n);
        }
        return n;
    }

    /**
     * Copies bytes out; the consumer's call.
     *
     * @param target where to
     * @param offset first byte
     * @param length most bytes
     * @return bytes copied, possibly 0, or {@link #CORRUPT}
     */
    public int read(MemorySegment target, long offset, int length) {
        requireRole(false);
        int n = Math.min(available(), length);
        if (n > 0) {
            int at = (int) (own & (capacity - 1));
            int first = Math.min(n, capacity - at);
            MemorySegment.copy(region, DATA_OFFSET + at, target, offset, first);
            MemorySegment.copy(region, DATA_OFFSET, target, offset + first, n - first);
            advance(CONSUMED_OFFSET, n);
        }
        return n;
    }

    /** Sets the closed flag for the other end to see. */
    public void close() {
        MemoryRing.INTS.setRelease(region, FLAGS_OFFSET, FLAG_CLOSED);
    }

    /**
     * Tells whether an end has closed the stream or this one found it corrupt.
     *
     * @return true if nothing more will come after what {@link #available} says
     */
    public boolean closed() {
        return corrupt || ((int) MemoryRing.INTS.getAcquire(region, FLAGS_OFFSET) & FLAG_CLOSED) != 0;
    }

    /**
     * Returns the bytes that have passed this end.
     *
     * @return bytes
     */
    public long position() {
        return own;
    }

    /**
     * Offers the guest another opening of the channel. The ring stays closed until {@link #begin} finds it accepted, so that
     * no byte of the old stream gets into the new one.
     *
     * @param newEpoch the directory entry's epoch
     */
    public void offer(int newEpoch) {
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
    public boolean offered() {
        return offered;
    }

    /**
     * Opens the ring that was offered, empty, if the guest has accepted its epoch. Bytes that were left in it are discarded.
     *
     * @return whether it is open now; always true of one that was only initialised
     */
    public boolean begin() {
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

    private void advance(long counterOffset, int n) {
        own += n;
        MemoryRing.LONGS.setRelease(region, counterOffset, own);
    }

    private void requireRole(boolean asProducer) {
        if (producer != asProducer) {
            throw new IllegalStateException(producer ? "read at the producing end" : "write at the consuming end");
        }
    }
}
