package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The reading end of a memory channel. Works on read-only memory and survives anything the writer does: sizes come from the
 * policy and not from the region, each counter and length is loaded once and checked, each call does a bounded amount of work,
 * and what it returns was whole when copied. Used by one thread; allocates nothing.
 */
public final class RingReader {
    /** No record is there. */
    public static final int EMPTY = -1;
    /** Records were overwritten before they were read; {@link #lost} grew, the next read goes on behind them. */
    public static final int OVERRUN = -2;
    /** The writer began anew; the next read starts at its record 0. */
    public static final int RESET = -3;
    /** Header, counter or length break the contract; {@link #malformed} grew. The next read tries again behind it. */
    public static final int CORRUPT = -4;

    private final MemorySegment region;
    private final int recordBytes;
    private final int recordCount;
    private long epoch;
    private long read;
    private long lost;
    private long malformed;

    /**
     * Takes a region without touching it.
     *
     * @param region readable memory of at least {@link MemoryRing#regionBytes} bytes, aligned to 8
     * @param recordBytes the policy's record size, as {@link MemoryRing#regionBytes} takes it
     * @param recordCount the policy's record count, as {@link MemoryRing#regionBytes} takes it
     */
    public RingReader(MemorySegment region, int recordBytes, int recordCount) {
        this.region = MemoryRing.checkedRegion(region, recordBytes, recordCount);
        this.recordBytes = recordBytes;
        this.recordCount = recordCount;
    }

    /**
     * Copies the next record's payload.
     *
     * @param target array that takes the payload; at least {@link #maxPayload} bytes
     * @return the payload's bytes, 0 to {@link #maxPayload}, or {@link #EMPTY}, {@link #OVERRUN}, {@link #RESET} or
     *     {@link #CORRUPT}; with these the array's content means nothing
     */
    public int read(byte[] target) {
        if (target.length < maxPayload()) {
            throw new IllegalArgumentException(
                    "array of " + target.length + " bytes: expected at least " + maxPayload());
        }
        long now = (long) MemoryRing.LONGS.getAcquire(region, MemoryRing.EPOCH_OFFSET);
        if (now != epoch) {
            return changeEpoch(now);
        }
        if (now == 0) {
            return EMPTY;
        }
        long behind = (long) MemoryRing.LONGS.getAcquire(region, MemoryRing.WC_OFFSET) - read;
        if (behind == 0) {
            return EMPTY;
        }
        // Unsigned: a write counter below ours is as impossible as one too far ahead.
        return Long.compareUnsigned(behind, recordCount) > 0 ? skip(behind) : copy(target);
    }

    /**
     * Returns the most bytes that one record carries.
     *
     * @return bytes
     */
    public int maxPayload() {
        return recordBytes - MemoryRing.RECORD_HEADER_BYTES;
    }

    /**
     * Returns the count of the next record to read in this epoch.
     *
     * @return records read or skipped since the last reset
     */
    public long position() {
        return read;
    }

    /**
     * Returns the records that were overwritten before they were read, over all epochs.
     *
     * @return records
     */
    public long lost() {
        return lost;
    }

    /**
     * Returns how often {@link #CORRUPT} was seen.
     *
     * @return times
     */
    public long malformed() {
        return malformed;
    }

    private int copy(byte[] target) {
        long record = MemoryRing.RECORDS_OFFSET + (read & (recordCount - 1)) * recordBytes;
        int length = (int) MemoryRing.INTS.getOpaque(region, record);
        boolean sound = length >= 0 && length <= maxPayload();
        if (sound) {
            MemorySegment.copy(
                    region, ValueLayout.JAVA_BYTE, record + MemoryRing.RECORD_HEADER_BYTES, target, 0, length);
        }
        // The checks below must not be made before the copy is complete.
        VarHandle.loadLoadFence();
        long started = (long) MemoryRing.LONGS.getAcquire(region, MemoryRing.WSC_OFFSET) - read;
        if (Long.compareUnsigned(started, recordCount) > 0) {
            return skip(started);
        }
        // A reset counts from 0 again, so that its counters may look as if nothing had happened to the record.
        long now = (long) MemoryRing.LONGS.getAcquire(region, MemoryRing.EPOCH_OFFSET);
        if (now != epoch) {
            return changeEpoch(now);
        }
        read++;
        if (!sound) {
            malformed++;
            return CORRUPT;
        }
        return length;
    }

    /** Goes on half a ring behind the writer, so that the next record is not overwritten at once. */
    private int skip(long behind) {
        // The counter may be of a reset that began after this read did: the writer ends the epoch before it clears the
        // counters.
        long now = (long) MemoryRing.LONGS.getAcquire(region, MemoryRing.EPOCH_OFFSET);
        if (now != epoch) {
            return changeEpoch(now);
        }
        if (behind < 0) {
            read += behind;
            malformed++;
            return CORRUPT;
        }
        long step = behind - Math.max(1, recordCount / 2);
        read += step;
        lost += step;
        return OVERRUN;
    }

    private int changeEpoch(long now) {
        if (now == 0) {
            // The writer is resetting: wait for its new epoch without losing the old one's record of loss.
            epoch = 0;
            return EMPTY;
        }
        epoch = now;
        read = 0;
        if ((long) MemoryRing.LONGS.getOpaque(region, MemoryRing.MAGIC_OFFSET) != MemoryRing.MAGIC
                || (int) MemoryRing.INTS.getOpaque(region, MemoryRing.RECORD_BYTES_OFFSET) != recordBytes
                || (int) MemoryRing.INTS.getOpaque(region, MemoryRing.RECORD_COUNT_OFFSET) != recordCount) {
            // Not taken over: the next call looks again, and goes on only once the header is what the policy says.
            epoch = 0;
            malformed++;
            return CORRUPT;
        }
        return RESET;
    }
}
