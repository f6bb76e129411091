package dev.cloister.devices.virtio;

import dev.cloister.devices.Waiting;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** The thread of one queue: sleeps until its doorbell rings. Ringing is cheap, never waits, and may come from any thread. */
final class QueueWorker implements AutoCloseable {
    private static final int STACK_BYTES = 256 << 10;

    private final QueueBell bell;
    private final Thread thread;
    private final Runnable service;
    private volatile boolean closed;

    /** The bell is the worker's from here on. */
    QueueWorker(String name, QueueBell bell, Runnable service, Consumer<InternalError> lost) {
        this.bell = bell;
        this.service = service;
        thread = new Thread(null, () -> loop(lost), name, STACK_BYTES, false);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    void ring() {
        bell.ring();
    }

    /** Ends a wait of the device's own, so that it looks whether its queue has stopped. */
    void interruptWait() {
        LockSupport.unpark(thread);
    }

    private void loop(Consumer<InternalError> lost) {
        while (!closed) {
            try {
                turn();
            } catch (InternalError e) {
                lost.accept(e);
            }
        }
    }

    private void turn() {
        if (!serveIfRung()) {
            bell.await();
        }
    }

    /** Serves on the calling thread, which is the worker's own or, where that was never started, somebody's who wants things in order. */
    boolean serveIfRung() {
        boolean wanted = bell.take();
        if (wanted) {
            service.run();
        }
        return wanted;
    }

    /** Ends the thread, waits for it and closes the bell. */
    @Override
    public void close() {
        closed = true;
        bell.ring();
        LockSupport.unpark(thread);
        Waiting.join(thread);
        bell.close();
    }
}
