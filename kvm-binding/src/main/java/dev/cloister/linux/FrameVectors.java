package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An array of {@code struct iovec} that one thread at a time fills and hands to the kernel. */
final class FrameVectors {
    static final int ENTRY = 16;

    private final MemorySegment entries;
    private final int room;

    FrameVectors(int room) {
        this.room = room;
        this.entries = Arena.ofAuto().allocate((long) room * ENTRY, Long.BYTES);
    }

    void set(int index, MemorySegment piece) {
        entries.set(ValueLayout.JAVA_LONG, (long) index * ENTRY, piece.address());
        entries.set(ValueLayout.JAVA_LONG, (long) index * ENTRY + Long.BYTES, piece.byteSize());
    }

    /** Sets entries from an index on; the caller keeps the pieces alive. */
    void set(int from, MemorySegment[] pieces, int count) {
        if (from + count > room) {
            throw new IllegalArgumentException(count + " pieces of a frame; expected at most " + (room - from));
        }
        for (int i = 0; i < count; i++) {
            set(from + i, pieces[i]);
        }
    }

    long address() {
        return entries.address();
    }
}
