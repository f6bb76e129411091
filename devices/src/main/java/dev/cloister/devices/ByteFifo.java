package dev.cloister.devices;

/** A bounded first-in, first-out queue of bytes. Not safe for use by several threads: its owner locks. */
final class ByteFifo {
    private final byte[] bytes;
    private int head;
    private int count;

    ByteFifo(int capacity) {
        bytes = new byte[capacity];
    }

    int count() {
        return count;
    }

    boolean isEmpty() {
        return count == 0;
    }

    boolean isFull() {
        return count == bytes.length;
    }

    int space() {
        return bytes.length - count;
    }

    void clear() {
        head = 0;
        count = 0;
    }

    /** Appends a byte; false if full. */
    boolean add(byte value) {
        if (isFull()) {
            return false;
        }
        int tail = head + count;
        bytes[tail >= bytes.length ? tail - bytes.length : tail] = value;
        count++;
        return true;
    }

    /** Takes the oldest byte; the queue must not be empty. */
    byte take() {
        byte value = bytes[head];
        head = head + 1 == bytes.length ? 0 : head + 1;
        count--;
        return value;
    }

    /** Takes up to a whole array of the oldest bytes; returns how many. */
    int take(byte[] destination) {
        int taken = Math.min(count, destination.length);
        int first = Math.min(taken, bytes.length - head);
        System.arraycopy(bytes, head, destination, 0, first);
        System.arraycopy(bytes, 0, destination, first, taken - first);
        head = (head + taken) % bytes.length;
        count -= taken;
        return taken;
    }
}
