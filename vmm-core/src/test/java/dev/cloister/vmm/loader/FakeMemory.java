package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Guest memory of a test: RAM from 0, a ROM that ends at 4 GiB; it fails on any write that {@link #contains} forbids. */
final class FakeMemory implements GuestSink {
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment ram;
    private final MemorySegment rom;
    private int writes;

    FakeMemory(int ramBytes) {
        this(ramBytes, 0);
    }

    FakeMemory(int ramBytes, int romBytes) {
        ram = MemorySegment.ofArray(new byte[ramBytes]);
        rom = MemorySegment.ofArray(new byte[romBytes]);
    }

    @Override
    public boolean contains(long gpa, long length) {
        return within(gpa, length, 0, ram.byteSize()) || within(gpa, length, romGpa(), rom.byteSize());
    }

    @Override
    public void write(long gpa, MemorySegment source) {
        slice(gpa, source.byteSize()).copyFrom(source);
        writes++;
    }

    @Override
    public void zero(long gpa, long length) {
        slice(gpa, length).fill((byte) 0);
        writes++;
    }

    /** How often something was written. */
    int writes() {
        return writes;
    }

    void fill(int value) {
        ram.fill((byte) value);
    }

    int u8(long gpa) {
        return slice(gpa, 1).get(ValueLayout.JAVA_BYTE, 0) & 0xff;
    }

    long u32(long gpa) {
        return slice(gpa, 4).get(U32, 0) & 0xffff_ffffL;
    }

    long u64(long gpa) {
        return slice(gpa, 8).get(U64, 0);
    }

    String string(long gpa) {
        StringBuilder text = new StringBuilder();
        for (long at = gpa; u8(at) != 0; at++) {
            text.append((char) u8(at));
        }
        return text.toString();
    }

    String ascii(long gpa, int length) {
        return new String(slice(gpa, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    private MemorySegment slice(long gpa, long length) {
        if (!contains(gpa, length)) {
            throw new IndexOutOfBoundsException("no memory at " + Long.toHexString(gpa) + " for " + length);
        }
        return gpa >= romGpa() ? rom.asSlice(gpa - romGpa(), length) : ram.asSlice(gpa, length);
    }

    private long romGpa() {
        return MemoryMap.FOUR_GIB - rom.byteSize();
    }

    private static boolean within(long gpa, long length, long start, long size) {
        return gpa >= start && length >= 0 && length <= size && gpa - start <= size - length;
    }
}
