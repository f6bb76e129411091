package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that waits for descriptors, timers and tasks. A handler does a bounded piece of work for each wake-up, so that no
 * descriptor's owner can keep the others waiting. Everything but {@link #execute} belongs to the loop's thread.
 */
final class EventLoop implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    private static final long NO_WAIT = 0;
    private static final long IDLE_MILLIS = 60_000;

    /** What is done when a descriptor is ready. */
    interface Handler {
        /** Does a bounded piece of work; reports its own errors. */
        void ready();
    }

    /** A descriptor in the loop; cancelling it twice is harmless. */
    final class Watch {
        private final int slot;
        private boolean active = true;

        private Watch(int slot) {
            this.slot = slot;
        }

        void cancel() {
            if (active) {
                active = false;
                handlers.set(slot, null);
                poller.remove(slot);
            }
        }
    }

    /** A moment at which something is done, unless cancelled before. */
    static final class Timer {
        private final long atNanos;
        private final Runnable task;
        private boolean cancelled;

        private Timer(long atNanos, Runnable task) {
            this.atNanos = atNanos;
            this.task = task;
        }

        void cancel() {
            cancelled = true;
        }
    }

    private final Poller poller = new Poller();
    private final List<@Nullable Handler> handlers = new ArrayList<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong(t -> t.atNanos - ORIGIN));
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final EventFd wake;
    private boolean stopped;

    /** Timers are compared by their distance to this, since {@code nanoTime} may wrap. */
    private static final long ORIGIN = System.nanoTime();

    EventLoop() throws ErrnoException {
        wake = EventFd.create();
        watch(wake.fd(), this::drainWake);
    }

    /** Calls the handler whenever the descriptor is readable or hung up, until cancelled; cancel before closing it. */
    Watch watch(Fd fd, Handler handler) {
        return watch(fd, Poller.IN, handler);
    }

    /** As {@link #watch(Fd, Handler)}, for other events. */
    Watch watch(Fd fd, int events, Handler handler) {
        int slot = poller.add(fd, events);
        while (handlers.size() <= slot) {
            handlers.add(null);
        }
        handlers.set(slot, handler);
        return new Watch(slot);
    }

    Timer after(long millis, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + millis * 1_000_000, task);
        timers.add(timer);
        return timer;
    }

    /** Runs a task on the loop's thread; any thread may call. A task given after the end never runs. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        try {
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            LOG.debug("task for an event loop that has ended", e);
        }
    }

    /** Works until {@link #stop}. */
    void run() throws ErrnoException {
        while (!stopped) {
            poller.poll(waitMillis());
            for (int slot = 0; slot < handlers.size(); slot++) {
                Handler handler = handlers.get(slot);
                if (handler != null && poller.ready(slot) != 0) {
                    guarded(handler::ready);
                }
            }
            runTimers();
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                guarded(task);
            }
        }
    }

    void stop() {
        stopped = true;
    }

    private long waitMillis() {
        if (!tasks.isEmpty()) {
            return NO_WAIT;
        }
        Timer next = timers.peek();
        if (next == null) {
            return IDLE_MILLIS;
        }
        long nanos = next.atNanos - System.nanoTime();
        return nanos <= 0 ? NO_WAIT : Math.min(IDLE_MILLIS, (nanos + 999_999) / 1_000_000);
    }

    private void runTimers() {
        long now = System.nanoTime();
        for (Timer next = timers.peek(); next != null && next.atNanos - now <= 0; next = timers.peek()) {
            timers.remove();
            if (!next.cancelled) {
                guarded(next.task);
            }
        }
    }

    /** One faulty handler must not end the daemon: the others' domains depend on it. */
    private static void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.error("internal error in the daemon; please report it", e);
        }
    }

    private void drainWake() {
        try {
            wake.drain();
        } catch (ErrnoException e) {
            throw new IllegalStateException("eventfd of the event loop", e);
        }
    }

    @Override
    public void close() {
        poller.close();
        wake.close();
    }
}
