package dev.cloister.policy.daemon.process;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The last bytes of a serial line or log. The loop appends and never waits; readers are told that there is more, follow at their own
 * pace and skip what was overwritten. Thread-safe.
 */
public final class Scrollback implements VmmLink.Sink {
    /** Bytes kept. */
    static final int CAPACITY = 64 * 1024;

    private final byte[] ring = new byte[CAPACITY];
    private final List<Runnable> followers = new CopyOnWriteArrayList<>();
    private long written;
    private long begun;
    private int run;
    private boolean used;
    private boolean closed;

    @Override
    public void append(byte[] bytes, int length) {
        synchronized (this) {
            for (int i = 0; i < length; i++) {
                ring[(int) ((written + i) % CAPACITY)] = bytes[i];
            }
            written += length;
        }
        followers.forEach(Runnable::run);
    }

    /** Nothing more will come. */
    public void close() {
        synchronized (this) {
            closed = true;
        }
        followers.forEach(Runnable::run);
    }

    /** Calls a follower, on the loop's thread, whenever there is more or the end has come. */
    public void follow(Runnable follower) {
        followers.add(follower);
    }

    /** Calls a follower no more; any thread. */
    public void unfollow(Runnable follower) {
        followers.remove(follower);
    }

    /** A run begins: what was kept of the last one is gone. Whoever came before the first one follows that. */
    public synchronized void reopen() {
        begun = written;
        run += used ? 1 : 0;
        used = true;
        closed = false;
    }

    /** Returns which run of the domain writes to it, or has written last. */
    public synchronized int run() {
        return run;
    }

    /** Returns the position of the oldest byte kept. */
    public synchronized long start() {
        return Math.max(begun, written - CAPACITY);
    }

    synchronized long end() {
        return written;
    }

    /** What a reader got: bytes, the position behind them, and whether nothing will follow. */
    public record Chunk(byte[] bytes, long next, boolean ended) {}

    /** Returns what is at or behind a position, at most so many bytes; the end, if that run's output is gone. */
    public synchronized Chunk read(int ofRun, long position, int most) {
        if (ofRun != run) {
            return new Chunk(new byte[0], position, true);
        }
        long from = Math.max(position, start());
        byte[] bytes = copy(from, Math.min(written, from + most));
        return new Chunk(bytes, from + bytes.length, closed && from + bytes.length == written);
    }

    /** Returns the last text, at most so many bytes. */
    public synchronized String tail(int most) {
        byte[] bytes = copy(Math.max(start(), written - most), written);
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            text.append(b >= ' ' && b < 0x7f ? (char) b : ' ');
        }
        return text.toString().strip();
    }

    private byte[] copy(long from, long to) {
        byte[] bytes = new byte[(int) Math.max(0, to - from)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = ring[(int) ((from + i) % CAPACITY)];
        }
        return bytes;
    }
}
