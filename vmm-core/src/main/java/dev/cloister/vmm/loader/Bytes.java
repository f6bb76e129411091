package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The bytes of an image, read with every access checked: reading past the end is an {@link ImageException} that names the
 * field. Little-endian.
 */
final class Bytes {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;

    Bytes(MemorySegment segment) {
        this.segment = segment;
    }

    long size() {
        return segment.byteSize();
    }

    /** Whether {@code [offset, offset + length)} lies in the file; no sum is formed that could wrap. */
    boolean has(long offset, long length) {
        return offset >= 0 && length >= 0 && length <= size() && offset <= size() - length;
    }

    int u8(long offset, String what) throws ImageException {
        need(offset, 1, what);
        return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
    }

    int u16(long offset, String what) throws ImageException {
        need(offset, 2, what);
        return segment.get(U16, offset) & 0xffff;
    }

    long u32(long offset, String what) throws ImageException {
        need(offset, 4, what);
        return segment.get(U32, offset) & 0xffff_ffffL;
    }

    /** A 64-bit field; values of 2^63 and above are no address, offset or size of anything here and are refused. */
    long u63(long offset, String what) throws ImageException {
        need(offset, 8, what);
        long value = segment.get(U64, offset);
        if (value < 0) {
            throw new ImageException(
                    what, offset, hex(value), "a value below 2^63", "the image is damaged; get it again");
        }
        return value;
    }

    /** Whether the little-endian 32-bit word at an offset is there and has a value. */
    boolean isU32(long offset, int value) {
        return has(offset, 4) && segment.get(U32, offset) == value;
    }

    /** Whether the little-endian 16-bit word at an offset is there and has a value. */
    boolean isU16(long offset, int value) {
        return has(offset, 2) && (segment.get(U16, offset) & 0xffff) == value;
    }

    MemorySegment slice(long offset, long length, String what) throws ImageException {
        need(offset, length, what);
        return segment.asSlice(offset, length);
    }

    private void need(long offset, long length, String what) throws ImageException {
        if (!has(offset, length)) {
            throw new ImageException(
                    what,
                    offset,
                    "the end of the file at 0x" + Long.toHexString(size()),
                    length + " bytes here",
                    "the image is truncated or its header is damaged; get it again");
        }
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
