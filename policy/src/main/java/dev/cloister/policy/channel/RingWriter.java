package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The writing end of a memory channel. Used by one thread at a time; {@link #write} never waits, never fails for a slow reader
 * and allocates nothing. The counters are kept here, so nothing that appears in the region changes what is written.
 */
public final class RingWriter {
    private final MemorySegment region;
    private final int recordBytes;
    private final int recordCount;
    private long written;
    private long epoch;

    /**
     * Takes a region without touching it; call {@link #reset} before the first write.
     *
     * @param region writable memory of at least {@link MemoryRing#regionBytes} bytes, aligned to 8
     * @param recordBytes as {@link MemoryRing#regionBytes} takes it
     * @param recordCount as {@link MemoryRing#regionBytes} takes it
     */
    public RingWriter(MemorySegment region, int recordBytes, int recordCount) {
        this.region = MemoryRing.checkedRegion(region, recordBytes, recordCount);
        this.recordBytes = recordBytes;
        this.recordCount = recordCount;
    }

    /**
     * Starts the ring anew: readers see the epoch change and begin at record 0.
     *
     * @param newEpoch not 0 and not the epoch in force
     */
    public void reset(long newEpoch) {
        if (newEpoch == 0 || newEpoch == epoch) {
            throw new IllegalArgumentException("epoch " + newEpoch + ": expected neither 0 nor the one in force");
        }
        MemoryRing.LONGS.setOpaque(region, MemoryRing.EPOCH_OFFSET, 0L);
        // A reader that sees anything below must also see that the old epoch is over.
        VarHandle.storeStoreFence();
        MemoryRing.LONGS.setOpaque(region, MemoryRing.WSC_OFFSET, 0L);
        MemoryRing.LONGS.setOpaque(region, MemoryRing.WC_OFFSET, 0L);
        MemoryRing.LONGS.setOpaque(region, MemoryRing.MAGIC_OFFSET, MemoryRing.MAGIC);
        MemoryRing.INTS.setOpaque(region, MemoryRing.RECORD_BYTES_OFFSET, recordBytes);
        MemoryRing.INTS.setOpaque(region, MemoryRing.RECORD_COUNT_OFFSET, recordCount);
        written = 0;
        epoch = newEpoch;
        MemoryRing.LONGS.setRelease(region, MemoryRing.EPOCH_OFFSET, newEpoch);
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
     * Returns the records written since the last reset.
     *
     * @return the write counter
     */
    public long written() {
        return written;
    }

    /**
     * Writes one record over the oldest.
     *
     * @param source array with the payload
     * @param offset first byte of it
     * @param length bytes, 0 to {@link #maxPayload}
     */
    public void write(byte[] source, int offset, int length) {
        long record = begin(length);
        MemorySegment.copy(
                source, offset, region, ValueLayout.JAVA_BYTE, record + MemoryRing.RECORD_HEADER_BYTES, length);
        commit();
    }

    /**
     * Writes one record over the oldest.
     *
     * @param source segment with the payload
     * @param offset first byte of it
     * @param length bytes, 0 to {@link #maxPayload}
     */
    public void write(MemorySegment source, long offset, int length) {
        long record = begin(length);
        MemorySegment.copy(source, offset, region, record + MemoryRing.RECORD_HEADER_BYTES, length);
        commit();
    }

    private long begin(int length) {
        if (epoch == 0) {
            throw new IllegalStateException("ring written before its first reset");
        }
        if (length < 0 || length > maxPayload()) {
            throw new IllegalArgumentException("payload of " + length + " bytes: expected 0 to " + maxPayload());
        }
        // Not before the count of the record before: a reader that skips by this counter must not find the other one
        // behind.
        MemoryRing.LONGS.setRelease(region, MemoryRing.WSC_OFFSET, written + 1);
        // The record's bytes must not become visible before the announcement that they change.
        VarHandle.storeStoreFence();
        long record = MemoryRing.RECORDS_OFFSET + (written & (recordCount - 1)) * recordBytes;
        MemoryRing.LONGS.setOpaque(region, record, (long) length);
        return record;
    }

    private void commit() {
        written++;
        MemoryRing.LONGS.setRelease(region, MemoryRing.WC_OFFSET, written);
    }
}
