package dev.cloister.devices.virtio.vsock;

/** Answers to packets that belong to no connection: a ring of RSTs to send. Allocates nothing. */
final class StrayResets {
    static final int CAPACITY = 64;

    private final ConnectionId[] ids = new ConnectionId[CAPACITY];
    private int first;
    private int count;

    StrayResets() {
        for (int i = 0; i < CAPACITY; i++) {
            ids[i] = new ConnectionId();
        }
    }

    boolean isEmpty() {
        return count == 0;
    }

    boolean isFull() {
        return count == CAPACITY;
    }

    /** Adds one; the caller has seen that there is room. */
    void add(long cid, int port, int guestPort) {
        ids[(first + count++) % CAPACITY].set(cid, port, guestPort);
    }

    /** Takes the oldest; valid until the next is added. */
    ConnectionId take() {
        ConnectionId oldest = ids[first];
        first = (first + 1) % CAPACITY;
        count--;
        return oldest;
    }

    void clear() {
        count = 0;
    }
}
