package dev.cloister.vmm.virtio;

import dev.cloister.devices.Waiting;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits on a thread of its own for a descriptor to become readable, once each time it is asked to: while frames come faster than they are
 * taken, nobody waits and the kernel isn't asked.
 */
final class FrameWatcher implements AutoCloseable {
    private final AtomicBoolean armed = new AtomicBoolean();
    private final EventFd doorbell;
    private final Poller poller = new Poller();
    private final int slot;
    private final Thread thread;
    private Runnable readable = () -> {};
    private Runnable gone = () -> {};
    private boolean started;
    private volatile boolean closing;

    /**
     * A watcher that isn't running.
     *
     * @param name what its thread is called
     * @param fd the descriptor, which stays open until this is closed
     */
    FrameWatcher(String name, Fd fd) {
        doorbell = doorbell(name);
        poller.add(doorbell.fd(), Poller.IN);
        slot = poller.add(fd, Poller.IN);
        thread = new Thread(this::loop, name);
        thread.setDaemon(true);
    }

    private static EventFd doorbell(String name) {
        try {
            return EventFd.create();
        } catch (ErrnoException e) {
            throw new IllegalStateException(name + ": " + e.getMessage(), e);
        }
    }

    /** Begins; what it calls must not wait. */
    void start(Runnable onReadable, Runnable onGone) {
        readable = onReadable;
        gone = onGone;
        started = true;
        thread.start();
    }

    /** Asks to be told once. */
    void arm() {
        if (!armed.getAndSet(true)) {
            LockSupport.unpark(thread);
        }
    }

    private void loop() {
        try {
            while (!closing) {
                if (armed.get()) {
                    watch();
                } else {
                    LockSupport.park(this);
                }
            }
        } catch (ErrnoException e) {
            // The kernel refuses to wait: as if the other end had gone.
            gone.run();
        }
    }

    private void watch() throws ErrnoException {
        poller.poll(-1);
        int events = poller.ready(slot);
        if (closing || events == 0) {
            return;
        }
        armed.set(false);
        if ((events & Poller.IN) != 0) {
            readable.run();
        } else {
            gone.run();
        }
    }

    /** Ends the thread and waits for it. */
    @Override
    public void close() {
        closing = true;
        doorbell.ring();
        LockSupport.unpark(thread);
        if (started) {
            Waiting.join(thread);
        }
        poller.close();
        doorbell.close();
    }
}
