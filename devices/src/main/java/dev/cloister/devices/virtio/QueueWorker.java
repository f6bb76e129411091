package dev.cloister.devices.virtio;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** The thread of one queue: sleeps until its doorbell rings. Ringing is cheap, never waits, and may come from any thread. */
final class QueueWorker implements AutoCloseable {
    private static final int STACK_BYTES = 256 << 10;

    private final AtomicBoolean rung = new AtomicBoolean();
    private final Thread thread;
    private volatile boolean closed;

    QueueWorker(String name, Runnable service) {
        thread = new Thread(null, () -> loop(service), name, STACK_BYTES, false);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    void ring() {
        if (!rung.getAndSet(true)) {
            LockSupport.unpark(thread);
        }
    }

    /** Ends a wait of the device's own, so that it looks whether its queue has stopped. */
    void interruptWait() {
        LockSupport.unpark(thread);
    }

    private void loop(Runnable service) {
        while (!closed) {
            if (rung.getAndSet(false)) {
                service.run();
            } else {
                LockSupport.park(this);
            }
        }
    }

    /** Ends the thread and waits for it. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
