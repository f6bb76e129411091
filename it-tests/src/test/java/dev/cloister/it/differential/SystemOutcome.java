package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * What a machine made of a case.
 *
 * @param refused why there is no result; empty where there is one
 * @param bytes header and world as the kernel stored them
 */
record SystemOutcome(String refused, byte[] bytes) {
    static SystemOutcome refuse(String why) {
        return new SystemOutcome(why, new byte[0]);
    }

    /** Takes a result out of a machine's memory. */
    static SystemOutcome read(MemorySegment ram, int index) {
        byte[] bytes = new byte[SystemPlace.CASE_SIZE];
        MemorySegment.copy(
                ram, JAVA_BYTE, SystemPlace.RESULTS + (long) index * SystemPlace.CASE_SIZE, bytes, 0, bytes.length);
        return new SystemOutcome("", bytes);
    }

    boolean isRefused() {
        return !refused.isEmpty();
    }

    /** A word of the header. */
    int word(int index) {
        return MemorySegment.ofArray(bytes).get(JAVA_INT_UNALIGNED, 4L * index);
    }

    /** A field of the header, of 2, 4 or 8 bytes, without sign. */
    long field(int offset, int size) {
        MemorySegment words = MemorySegment.ofArray(bytes);
        long value = words.get(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, offset);
        return size == Long.BYTES ? value : value & (1L << 8 * size) - 1;
    }

    int vector() {
        return word(0);
    }

    /** Four bytes of the world. */
    int world(int offset) {
        return MemorySegment.ofArray(bytes).get(JAVA_INT_UNALIGNED, SystemPlace.HEADER + offset);
    }
}
