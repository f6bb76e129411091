package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;

/** One end of a stream's ring: it counts bytes. */
public final class ByteRing extends CountedRing {
    /** "CLSBYTE1" read as a little-endian number. */
    public static final long MAGIC = 0x3145_5459_4253_4c43L;

    /** A pipe holds 64 KiB unless told otherwise (pipe(7)); two quanta must fit, or its fullness would be a second back channel. */
    private static final int MAX_QUANTUM = 32 << 10;

    private ByteRing(MemorySegment region, int capacity, boolean producer) {
        super(region.asSlice(0, DATA_OFFSET + requirePowerOfTwo(capacity)), capacity, producer);
    }

    /**
     * Bytes of a stream for each credit that its receiver returns; both ends and the daemon's relay derive it from the capacity.
     *
     * @param capacity the stream's capacity in bytes
     * @return at most 32 KiB
     */
    public static int quantum(int capacity) {
        return Math.min(MAX_QUANTUM, capacity / 2);
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
        header(region, MAGIC, capacity, epoch);
    }

    @Override
    public void open(int newEpoch) {
        initialise(region(), capacity(), newEpoch);
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
            int at = (int) (own() & (capacity() - 1));
            int first = Math.min(n, capacity() - at);
            MemorySegment.copy(source, offset, region(), DATA_OFFSET + at, first);
            MemorySegment.copy(source, offset + first, region(), DATA_OFFSET, n - first);
            advance(n);
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
            int at = (int) (own() & (capacity() - 1));
            int first = Math.min(n, capacity() - at);
            MemorySegment.copy(region(), DATA_OFFSET + at, target, offset, first);
            MemorySegment.copy(region(), DATA_OFFSET, target, offset + first, n - first);
            advance(n);
        }
        return n;
    }
}
