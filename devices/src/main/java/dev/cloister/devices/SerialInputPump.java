package dev.cloister.devices;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Semaphore;

/**
 * Feeds a serial line from a stream, on a daemon thread of its own. When the port's queue is full, the pump stops reading until the
 * guest has taken some: the stream's writer feels the back-pressure. It ends with the stream.
 */
public final class SerialInputPump implements AutoCloseable {
    private static final int CHUNK = 1024;

    private final InputLine port;
    private final InputStream stream;
    private final Semaphore space = new Semaphore(0);
    private final Thread thread;
    private volatile boolean closed;

    /**
     * A pump with its thread started.
     *
     * @param port the line; the pump takes its {@link InputLine#onInputSpace}
     * @param stream the input; not closed by the pump
     * @param name the thread's name
     */
    public SerialInputPump(InputLine port, InputStream stream, String name) {
        this.port = port;
        this.stream = stream;
        port.onInputSpace(space::release);
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::pump);
        thread.start();
    }

    private void pump() {
        byte[] chunk = new byte[CHUNK];
        try {
            int count = stream.read(chunk);
            while (count >= 0 && !closed) {
                offerAll(chunk, count);
                count = stream.read(chunk);
            }
        } catch (IOException _) {
            // Input that fails is input that ends: the guest sees a quiet line.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void offerAll(byte[] chunk, int count) throws InterruptedException {
        int done = 0;
        while (done < count && !closed) {
            // Permits that are drained here can't be needed: space that they told of is seen by the offer that follows.
            space.drainPermits();
            done += port.offerInput(chunk, done, count - done);
            if (done < count && port.inputSpace() == 0) {
                space.acquire();
            }
        }
    }

    /** Ends the pump; a read that is under way in the stream ends when the stream lets it. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
