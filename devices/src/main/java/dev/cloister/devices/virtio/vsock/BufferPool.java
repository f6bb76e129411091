package dev.cloister.devices.virtio.vsock;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** Buffers of connections whose host reads slower than the guest writes; as many as were ever needed at once, used again. */
final class BufferPool implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Deque<MemorySegment> free = new ArrayDeque<>();

    MemorySegment take() {
        MemorySegment kept = free.poll();
        return kept == null ? arena.allocate(VsockConnection.BUFFER_BYTES) : kept;
    }

    void give(MemorySegment buffer) {
        free.push(buffer);
    }

    @Override
    public void close() {
        arena.close();
    }
}
