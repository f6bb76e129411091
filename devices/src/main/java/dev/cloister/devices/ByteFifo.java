package dev.cloister.devices;

/** A bounded first-in, first-out queue of bytes. Not safe for use by several threads: its owner locks. */
public final class ByteFifo {
    private final byte[] bytes;
    private int head;
    private int count;

    /**
     * An empty queue.
     *
     * @param capacity the most bytes that it holds
     */
    public ByteFifo(int capacity) {
        bytes = new byte[capacity];
    }

    /**
     * How many bytes wait.
     *
     * @return 0 to the capacity
     */
    public int count() {
        return count;
    }

    /**
     * Whether none waits.
     *
     * @return true if empty
     */
    public boolean isEmpty() {
        return count == 0;
    }

    boolean isFull() {
        return count == bytes.length;
    }

    /**
     * How many bytes there is room for.
     *
     * @return 0 to the capacity
     */
    public int space() {
        return bytes.length - count;
    }

    void clear() {
        head = 0;
        count = 0;
    }

    /**
     * Appends a byte.
     *
     * @param value the byte
     * @return false if full
     */
    public boolean add(byte value) {
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
        return take(destination, destination.length);
    }

    /**
     * Takes the oldest bytes.
     *
     * @param destination where they go, from its beginning
     * @param most how many at most
     * @return how many were there
     */
    public int take(byte[] destination, int most) {
        int taken = Math.min(count, most);
        int first = Math.min(taken, bytes.length - head);
        System.arraycopy(bytes, head, destination, 0, first);
        System.arraycopy(bytes, 0, destination, first, taken - first);
        head = (head + taken) % bytes.length;
        count -= taken;
        return taken;
    }
}
