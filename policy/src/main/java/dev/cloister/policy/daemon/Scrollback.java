package dev.cloister.policy.daemon;

/**
 * The last bytes of a serial line or log. The loop appends and never waits; readers follow at their own pace and skip what was
 * overwritten. Thread-safe.
 */
final class Scrollback implements VmmLink.Sink {
    /** Bytes kept. */
    static final int CAPACITY = 64 * 1024;

    private final byte[] ring = new byte[CAPACITY];
    private long written;
    private long begun;
    private boolean closed;

    @Override
    public synchronized void append(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            ring[(int) ((written + i) % CAPACITY)] = bytes[i];
        }
        written += length;
        notifyAll();
    }

    /** Nothing more will come; waiting readers return. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** Another run begins: what was kept of the last one is gone. */
    synchronized void reopen() {
        begun = written;
        closed = false;
    }

    /** Returns the position of the oldest byte kept. */
    synchronized long start() {
        return Math.max(begun, written - CAPACITY);
    }

    synchronized long end() {
        return written;
    }

    /** What a reader got: bytes and the position behind them; no bytes at the end of the line. */
    record Chunk(byte[] bytes, long next) {}

    /** Waits for bytes at or behind a position; returns an empty chunk once closed and read to the end. */
    synchronized Chunk await(long position) throws InterruptedException {
        while (written <= position && !closed) {
            wait();
        }
        long from = Math.max(position, start());
        return new Chunk(copy(from), written);
    }

    /** Returns the last text, at most so many bytes. */
    synchronized String tail(int most) {
        byte[] bytes = copy(Math.max(start(), written - most));
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            text.append(b >= ' ' && b < 0x7f ? (char) b : ' ');
        }
        return text.toString().strip();
    }

    private byte[] copy(long from) {
        byte[] bytes = new byte[(int) Math.max(0, written - from)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = ring[(int) ((from + i) % CAPACITY)];
        }
        return bytes;
    }
}
