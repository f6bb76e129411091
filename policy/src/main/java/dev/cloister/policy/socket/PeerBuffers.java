package dev.cloister.policy.socket;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Deque;

/** Queues of connections; as many as were ever needed at once, used again. Under the side's lock. */
final class PeerBuffers implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Deque<ByteQueue> free = new ArrayDeque<>();

    ByteQueue take() {
        ByteQueue kept = free.poll();
        return kept == null ? new ByteQueue(arena.allocate(PeerFrame.WINDOW)) : kept;
    }

    void give(ByteQueue queue) {
        queue.clear();
        free.push(queue);
    }

    @Override
    public void close() {
        arena.close();
    }
}
