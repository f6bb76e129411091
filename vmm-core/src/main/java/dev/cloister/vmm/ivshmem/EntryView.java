package dev.cloister.vmm.ivshmem;

import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.ivshmem.IvshmemFunction;
import dev.cloister.policy.channel.DirectoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What a channel's function says of its channel: the directory page's head and the channel's entry there, read where they lie, so that
 * the state is never old. Allocates nothing.
 */
final class EntryView implements MmioDevice {
    /** Offset of the directory's magic, version and size in BAR 0. */
    static final int HEAD_AT = IvshmemFunction.INFO_OFFSET;
    /** Offset of the directory's generation. */
    static final int GENERATION_AT = 0x20;
    /** Offset of the entry. */
    static final int ENTRY_AT = 0x80;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment directory;
    private final long entry;

    EntryView(MemorySegment directory, int place) {
        this.directory = directory;
        this.entry = DirectoryLayout.entryOffset(place);
    }

    /** Where a byte of BAR 0 is in the directory page, or -1. */
    private long place(long offset) {
        if (offset >= ENTRY_AT) {
            return entry + offset - ENTRY_AT;
        }
        if (offset >= GENERATION_AT) {
            return offset < GENERATION_AT + Long.BYTES
                    ? DirectoryLayout.GENERATION_OFFSET + offset - GENERATION_AT
                    : -1;
        }
        return offset - HEAD_AT;
    }

    private int at(long offset) {
        long place = place(offset);
        return place < 0 ? 0 : directory.get(ValueLayout.JAVA_BYTE, place) & 0xff;
    }

    /** Aligned words are read whole: the page changes while the guest reads. */
    @Override
    public long read(long offset, int size) {
        long place = place(offset);
        if (place >= 0 && offset % size == 0 && size == Integer.BYTES) {
            return directory.get(INT, place);
        }
        if (place >= 0 && offset % size == 0 && size == Long.BYTES) {
            return directory.get(LONG, place);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) at(offset + i) << Byte.SIZE * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        // Read-only.
    }
}
