package dev.cloister.policy.daemon.loop;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
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
 * descriptor's owner can keep the others waiting. Everything but {@link #execute} and {@link #wake} belongs to the loop's thread.
 *
 * <p>A turn is: the handlers, timers and tasks that are due; then the {@link Gate} is told to make durable what they recorded; then
 * those {@link Effect effects} run, in the order in which they were queued, whose turn's records are durable. The loop does not wait
 * for the medium: effects do.
 */
public final class EventLoop implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    private static final long NO_WAIT = 0;
    private static final long IDLE_MILLIS = 60_000;
    private static final long LAST_WAIT_MILLIS = 5_000;

    /** What is done when a descriptor is ready. */
    public interface Handler {
        /** Does a bounded piece of work; reports its own errors. */
        void ready();
    }

    /** Something that can be seen outside the daemon. Records that are written before it in the same turn are durable before it. */
    @FunctionalInterface
    public interface Effect {
        /** Has its effect. */
        void run();

        /** Its records could not be made durable: it must not happen, and never will. Called instead of {@link #run}. */
        default void dropped() {}
    }

    /** Makes records durable. Its numbers count records and never go back. */
    public interface Gate {
        /** Lets everything through at once: for loops without records. */
        Gate OPEN = new Gate() {
            @Override
            public long submit() {
                return 0;
            }

            @Override
            public long durable() {
                return 0;
            }

            @Override
            public boolean failed() {
                return false;
            }

            @Override
            public boolean blocked() {
                return false;
            }

            @Override
            public boolean await(long millis) {
                return true;
            }
        };

        /** Sees to it that all records are made durable, and takes note of what has become so; returns the last record's number. */
        long submit();

        /** Returns the number of the last durable record. */
        long durable();

        /** Returns whether nothing that is not durable yet will ever be. */
        boolean failed();

        /** Returns whether records wait for room: nobody knows for how long. */
        boolean blocked();

        /** Waits until everything is durable or never will be; returns whether that came about. */
        boolean await(long millis);
    }

    private record Queued(long ticket, boolean harmless, Effect effect) {}

    /** A descriptor in the loop; cancelling it twice is harmless. */
    public final class Watch {
        private final int slot;
        private boolean active = true;

        private Watch(int slot) {
            this.slot = slot;
        }

        /** Forgets the descriptor; loop's thread. */
        public void cancel() {
            if (active) {
                active = false;
                handlers.set(slot, null);
                poller.remove(slot);
            }
        }
    }

    /** A moment at which something is done, unless cancelled before. */
    public static final class Timer {
        private final long atNanos;
        private final Runnable task;
        private boolean cancelled;

        private Timer(long atNanos, Runnable task) {
            this.atNanos = atNanos;
            this.task = task;
        }

        /** Has it not be done; loop's thread. */
        public void cancel() {
            cancelled = true;
        }
    }

    private final Poller poller = new Poller();
    private final List<@Nullable Handler> handlers = new ArrayList<>();
    private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong(t -> t.atNanos - ORIGIN));
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final EventFd wake;
    private final Deque<Queued> fresh = new ArrayDeque<>();
    private final Deque<Queued> waiting = new ArrayDeque<>();
    private final Deque<Runnable> freshObservations = new ArrayDeque<>();
    private final Deque<Queued> observations = new ArrayDeque<>();
    private Gate gate = Gate.OPEN;
    private boolean stopped;

    /** Timers are compared by their distance to this, since {@code nanoTime} may wrap. */
    private static final long ORIGIN = System.nanoTime();

    /** A loop that has not begun to run. */
    public EventLoop() throws ErrnoException {
        wake = EventFd.create();
        watch(wake.fd(), this::drainWake);
    }

    /** Calls the handler whenever the descriptor is readable or hung up, until cancelled; cancel before closing it. */
    public Watch watch(Fd fd, Handler handler) {
        return watch(fd, Poller.IN, handler);
    }

    /** As {@link #watch(Fd, Handler)}, for other events. */
    public Watch watch(Fd fd, int events, Handler handler) {
        int slot = poller.add(fd, events);
        while (handlers.size() <= slot) {
            handlers.add(null);
        }
        handlers.set(slot, handler);
        return new Watch(slot);
    }

    /** Runs a task after a time; loop's thread. */
    public Timer after(long millis, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + millis * 1_000_000, task);
        timers.add(timer);
        return timer;
    }

    /** Sets what makes records durable, before anything is recorded. */
    public void gate(Gate newGate) {
        gate = newGate;
    }

    /**
     * Runs something once every record of this turn is durable; never, if they can't be made so or the log has failed before. For
     * everything that grants or shows something outside the daemon.
     */
    public void effect(Effect effect) {
        fresh.add(new Queued(0, false, effect));
    }

    /**
     * Runs something in order with the effects, but also where records can't be made durable: for what takes away, refuses, or tells
     * of that.
     */
    public void harmlessEffect(Effect effect) {
        fresh.add(new Queued(0, true, effect));
    }

    /** Runs something that only tells how things are: once this turn's records are durable, or can't be for now or ever. */
    public void observation(Runnable told) {
        freshObservations.add(told);
    }

    /** Whether effects wait for the medium. */
    boolean effectsWait() {
        return !fresh.isEmpty() || !waiting.isEmpty() || !freshObservations.isEmpty() || !observations.isEmpty();
    }

    /** Runs a task on the loop's thread; any thread may call. A task given after the end never runs. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        wake();
    }

    /** Begins another turn; any thread may call. */
    public void wake() {
        try {
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            LOG.debug("task for an event loop that has ended", e);
        }
    }

    /** Works until {@link #stop}; what was queued by then has its effect, unless the medium keeps it waiting. */
    public void run() throws ErrnoException {
        while (!stopped) {
            poller.poll(waitMillis());
            for (int slot = 0; slot < handlers.size(); slot++) {
                Handler handler = handlers.get(slot);
                if (handler != null && poller.ready(slot) != 0) {
                    guarded(handler::ready);
                }
            }
            runTimers();
            // Those that come meanwhile belong to the next turn, so that this one ends.
            for (int due = tasks.size(); due > 0; due--) {
                guarded(tasks.remove());
            }
            endTurn();
        }
        settle(LAST_WAIT_MILLIS);
    }

    /** Has {@link #run} return after the turn; loop's thread. */
    public void stop() {
        stopped = true;
    }

    /**
     * Waits until the effects that are queued have run or will never, for the loop's end.
     *
     * @return whether none is left waiting for the medium
     */
    public boolean settle(long millis) {
        endTurn();
        // Effects may record something and have effects of their own; they are few at the end, and the time is bounded.
        long until = System.nanoTime() + millis * 1_000_000;
        while (effectsWait() || gate.submit() > gate.durable() && !gate.failed()) {
            long left = (until - System.nanoTime()) / 1_000_000;
            if (left <= 0 || !gate.await(left)) {
                return false;
            }
            endTurn();
        }
        return true;
    }

    private void endTurn() {
        long ticket = gate.submit();
        for (Queued queued = fresh.poll(); queued != null; queued = fresh.poll()) {
            waiting.add(new Queued(ticket, queued.harmless, queued.effect));
        }
        // The effects of effects belong to the next turn.
        for (int due = waiting.size(); due > 0 && decided(waiting.getFirst()); due--) {
            Queued next = waiting.removeFirst();
            boolean may = next.harmless || next.ticket <= gate.durable();
            guarded(may ? next.effect::run : next.effect::dropped);
        }
        observe(ticket);
    }

    private void observe(long ticket) {
        for (Runnable told = freshObservations.poll(); told != null; told = freshObservations.poll()) {
            observations.add(new Queued(ticket, true, told::run));
        }
        while (!observations.isEmpty() && (gate.blocked() || decided(observations.getFirst()))) {
            guarded(observations.removeFirst().effect::run);
        }
    }

    private boolean decided(Queued queued) {
        return queued.ticket <= gate.durable() || gate.failed();
    }

    private long waitMillis() {
        if (!tasks.isEmpty() || !fresh.isEmpty() || !freshObservations.isEmpty()) {
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
