package dev.cloister.devices;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A sink that writes to a stream from a thread of its own, so that a guest's processor never waits for the stream itself.
 *
 * <p>Bytes wait in a bounded buffer. When it is full, the processor is parked until there is room, but at most for the given time. If
 * that time passes, the byte is dropped and counted, and so is, without waiting again, every further byte until half the buffer is
 * free: a reader that has stopped costs the guest one wait, not one for each byte. When the stream fails, everything is dropped and
 * counted from then on, and {@link #failure} tells why.
 *
 * <p>Safe for use by several threads. {@link #put} allocates nothing.
 */
public final class StreamSink implements ByteSink, AutoCloseable {
    private static final int CHUNK = 8192;

    /** A monitor and not a {@code Lock}: contended, the latter makes an object for each waiter. */
    private final Object lock = new Object();

    private final ByteFifo buffer;
    private final int capacity;
    private final long parkNanos;
    private final OutputStream stream;
    private final Thread thread;
    private boolean closed;
    private boolean writing;
    private boolean dropping;
    private boolean wanted;
    private Runnable onSpace = () -> {};
    private long dropped;
    private IOException failure;

    /**
     * A sink with its thread started.
     *
     * @param stream where the bytes go; it is flushed after each run of bytes, and not closed
     * @param capacity bytes that wait at most, at least 2
     * @param parkNanos how long a full buffer holds up the writer at most, in nanoseconds; 0 drops at once
     * @param name the thread's name
     */
    public StreamSink(OutputStream stream, int capacity, long parkNanos, String name) {
        if (capacity < 2 || parkNanos < 0) {
            throw new IllegalArgumentException(
                    "sink of " + capacity + " bytes, parking " + parkNanos + " ns; expected at least 2 and 0");
        }
        this.stream = Objects.requireNonNull(stream);
        this.capacity = capacity;
        this.parkNanos = parkNanos;
        buffer = new ByteFifo(capacity);
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::drain);
        thread.start();
    }

    @Override
    public boolean put(byte value) {
        synchronized (lock) {
            if (closed || failure != null || !waitForRoom()) {
                dropped++;
                return false;
            }
            if (buffer.isEmpty()) {
                lock.notifyAll();
            }
            return buffer.add(value);
        }
    }

    /**
     * Takes as many bytes as there is room for, without waiting. What comes after {@link #close} or a failure of the stream is taken,
     * dropped and counted.
     *
     * @param source the bytes
     * @param offset first index
     * @param length how many
     * @return how many were taken; the caller keeps the rest and offers it again when told by {@link #onSpace}
     */
    public int offer(byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        synchronized (lock) {
            if (closed || failure != null) {
                dropped += length;
                return length;
            }
            int taken = Math.min(length, buffer.space());
            for (int i = 0; i < taken; i++) {
                buffer.add(source[offset + i]);
            }
            wanted |= taken < length;
            if (taken > 0) {
                lock.notifyAll();
            }
            return taken;
        }
    }

    /**
     * Names who is told when there is room again after {@link #offer} took less than it was offered.
     *
     * @param listener called on this sink's thread, without its lock: it must only wake somebody
     */
    public void onSpace(Runnable listener) {
        synchronized (lock) {
            onSpace = Objects.requireNonNull(listener);
        }
    }

    private void tellSpace() {
        Runnable listener;
        synchronized (lock) {
            if (!wanted) {
                return;
            }
            wanted = false;
            listener = onSpace;
        }
        listener.run();
    }

    private boolean waitForRoom() {
        if (dropping && buffer.space() < capacity / 2) {
            return false;
        }
        dropping = false;
        long left = parkNanos;
        while (buffer.isFull() && !closed && failure == null) {
            if (left <= 0) {
                dropping = true;
                return false;
            }
            try {
                left = awaitNanos(left);
            } catch (InterruptedException _) {
                // The processor's thread is asked to stop: it must see that, and not wait here.
                Thread.currentThread().interrupt();
                left = 0;
            }
        }
        return !buffer.isFull() && !closed && failure == null;
    }

    private void drain() {
        byte[] chunk = new byte[Math.min(CHUNK, capacity)];
        int count = take(chunk);
        while (count > 0) {
            try {
                stream.write(chunk, 0, count);
                stream.flush();
            } catch (IOException cause) {
                fail(cause, count);
                tellSpace();
                return;
            }
            tellSpace();
            count = take(chunk);
        }
    }

    /** The next bytes; 0 when closed and empty. */
    private int take(byte[] chunk) {
        synchronized (lock) {
            writing = false;
            lock.notifyAll();
            while (buffer.isEmpty() && !closed) {
                awaitUninterruptibly();
            }
            int count = buffer.take(chunk);
            writing = count > 0;
            lock.notifyAll();
            return count;
        }
    }

    private void fail(IOException cause, int lost) {
        synchronized (lock) {
            failure = cause;
            dropped += lost + (long) buffer.count();
            buffer.clear();
            writing = false;
            lock.notifyAll();
        }
    }

    /** Waits for a change, at most {@code nanos}; returns what is left of them. The caller holds the monitor and looks again. */
    private long awaitNanos(long nanos) throws InterruptedException {
        long start = System.nanoTime();
        TimeUnit.NANOSECONDS.timedWait(lock, nanos);
        return nanos - (System.nanoTime() - start);
    }

    /** Waits for a change; the sink's own thread has nobody who would interrupt it. */
    private void awaitUninterruptibly() {
        try {
            lock.wait();
        } catch (InterruptedException _) {
            // The caller looks again, and waits again.
            return;
        }
    }

    /**
     * Waits until everything put so far has been written and flushed.
     *
     * @param timeoutNanos how long at most
     * @return false if the time passed first, or the thread was interrupted
     */
    public boolean flush(long timeoutNanos) {
        long left = timeoutNanos;
        synchronized (lock) {
            while (failure == null && (writing || !buffer.isEmpty())) {
                if (left <= 0) {
                    return false;
                }
                try {
                    left = awaitNanos(left);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * How many bytes were dropped.
     *
     * @return the number of bytes
     */
    public long dropped() {
        synchronized (lock) {
            return dropped;
        }
    }

    /**
     * Why the stream failed, if it did.
     *
     * @return the cause, or null
     */
    public IOException failure() {
        synchronized (lock) {
            return failure;
        }
    }

    /** Takes no more bytes, and waits up to a second for the thread to write those that wait. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        try {
            thread.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
