package dev.cloister.policy.channel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Layout of a memory channel: a ring that needs no acknowledgement, so that nothing flows from reader to writer. All fields
 * are little-endian. The writer counts records before ({@code wsc}) and after ({@code wc}) each write; the reader keeps its own
 * count and detects from them that it was overrun or that its copy is torn. See {@link RingWriter} and {@link RingReader}.
 */
public final class MemoryRing {
    /** "CLSRING1" read as a little-endian number. */
    public static final long MAGIC = 0x3147_4e49_5253_4c43L;
    /** Offset of the magic, u64. */
    public static final long MAGIC_OFFSET = 0x00;
    /** Offset of the epoch, u64: 0 is not ready; the writer changes it at each reset. */
    public static final long EPOCH_OFFSET = 0x08;
    /** Offset of the record size, u32 bytes including the record's header. */
    public static final long RECORD_BYTES_OFFSET = 0x10;
    /** Offset of the record count, u32. */
    public static final long RECORD_COUNT_OFFSET = 0x14;
    /** Offset of the write-start counter, u64. */
    public static final long WSC_OFFSET = 0x40;
    /** Offset of the write counter, u64. */
    public static final long WC_OFFSET = 0x80;
    /** Offset of the first record. */
    public static final long RECORDS_OFFSET = 0x1000;
    /** Bytes of a record's header: u32 payload length, u32 reserved. */
    public static final int RECORD_HEADER_BYTES = 8;
    /** Least bytes of a record. */
    public static final int MIN_RECORD_BYTES = 16;
    /** Most bytes of a region: the window area of the guest-physical map. */
    public static final long MAX_REGION_BYTES = 0x0fe0_0000L;

    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONGS = LONG.varHandle();
    static final VarHandle INTS = INT.varHandle();

    private static final long REGION_ALIGN = 0x1_0000;

    private MemoryRing() {}

    /**
     * Returns the size of the region that holds a ring, a multiple of 64 KiB.
     *
     * @param recordBytes bytes of a record with its 8-byte header: a multiple of 8, at least {@link #MIN_RECORD_BYTES}
     * @param recordCount records in the ring: a power of two
     * @return bytes, at most {@link #MAX_REGION_BYTES}
     * @throws IllegalArgumentException if a parameter or the sum is out of range
     */
    public static long regionBytes(int recordBytes, int recordCount) {
        if (recordBytes < MIN_RECORD_BYTES || recordBytes % 8 != 0) {
            throw new IllegalArgumentException(
                    "record of " + recordBytes + " bytes: expected a multiple of 8, at least " + MIN_RECORD_BYTES);
        }
        if (recordCount < 1 || Integer.bitCount(recordCount) != 1) {
            throw new IllegalArgumentException(recordCount + " records: expected a power of two");
        }
        long bytes = roundUp(RECORDS_OFFSET + (long) recordBytes * recordCount);
        if (bytes > MAX_REGION_BYTES) {
            throw new IllegalArgumentException("ring of " + bytes + " bytes: expected at most " + MAX_REGION_BYTES
                    + "; use fewer or smaller records");
        }
        return bytes;
    }

    static long roundUp(long bytes) {
        return (bytes + REGION_ALIGN - 1) & -REGION_ALIGN;
    }

    static MemorySegment checkedRegion(MemorySegment region, int recordBytes, int recordCount) {
        long need = regionBytes(recordBytes, recordCount);
        if (region.byteSize() < need) {
            throw new IllegalArgumentException("region of " + region.byteSize() + " bytes: expected " + need);
        }
        return region.asSlice(0, need);
    }
}
