package dev.cloister.policy.socket;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Bytes of one connection that wait for their reader: a ring in a buffer that is used again by others. */
final class ByteQueue {
    private final MemorySegment buffer;
    private final int capacity;
    private int first;
    private int size;

    ByteQueue(MemorySegment buffer) {
        this.buffer = buffer;
        this.capacity = (int) buffer.byteSize();
    }

    int size() {
        return size;
    }

    void clear() {
        first = 0;
        size = 0;
    }

    /** Puts bytes behind the others; returns how many had room. */
    int put(MemorySegment from, long offset, int length) {
        int taken = Math.min(length, capacity - size);
        int at = (first + size) % capacity;
        int part = Math.min(taken, capacity - at);
        MemorySegment.copy(from, offset, buffer, at, part);
        MemorySegment.copy(from, offset + part, buffer, 0, (long) taken - part);
        size += taken;
        return taken;
    }

    /** Passes the oldest bytes on; returns how many were taken. */
    int pass(Taker to) throws IOException {
        int part = Math.min(size, capacity - first);
        int taken = to.take(buffer, first, part);
        first = (first + taken) % capacity;
        size -= taken;
        return taken;
    }

    /** Takes the oldest bytes; returns how many there were. */
    int take(MemorySegment to, long offset, int length) {
        int taken = Math.min(length, size);
        int part = Math.min(taken, capacity - first);
        MemorySegment.copy(buffer, first, to, offset, part);
        MemorySegment.copy(buffer, 0, to, offset + part, (long) taken - part);
        first = (first + taken) % capacity;
        size -= taken;
        return taken;
    }
}
