package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Prctl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that moves what all lanes have, a bounded piece for each in every turn. A lane whose bounds are used up is not looked at
 * until there is room again, so that no flood of one takes the time of the others; moving allocates nothing. Any thread may call.
 */
public final class Relay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
    private static final long WITHOUT_END = -1;

    private final Poller poller = new Poller();
    private final EventFd wake;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(ByteLane.TURN, 8);
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final List<Lane> lanes = new ArrayList<>();
    private final Thread thread;
    private volatile long turns;
    private boolean closing;

    /**
     * Starts the thread.
     *
     * @throws ErrnoException if the host has no descriptor left
     */
    public Relay() throws ErrnoException {
        wake = EventFd.create();
        poller.add(wake.fd(), Poller.IN);
        thread = Thread.ofPlatform().daemon().name("relay").unstarted(this::run);
        thread.start();
    }

    /**
     * Moves signals from one eventfd to another; those above the bounds are dropped. Takes both descriptors over.
     *
     * @param source eventfd that the sender has
     * @param sink eventfd that the receiver has
     * @param bounds most signals
     * @param listener hears of it on the relay's thread
     * @return the lane
     */
    public Lane signals(Fd source, Fd sink, Bounds bounds, Lane.Listener listener) {
        return begin(new SignalLane(source, sink, bounds, listener));
    }

    /**
     * Moves bytes from one pipe to another. Takes both descriptors over.
     *
     * @param source read end of the pipe that the sender has
     * @param sink write end of the pipe that the receiver has
     * @param bounds most bytes
     * @param quantum bytes for each credit; two of them may be under way without any, which the receiver's pipe must hold
     * @param listener hears of it on the relay's thread
     * @return the lane
     */
    public Lane bytes(Fd source, Fd sink, Bounds bounds, int quantum, Lane.Listener listener) {
        return begin(new ByteLane(source, sink, bounds, listener, quantum));
    }

    /**
     * Moves credits against a lane of bytes, each at a tick of a clock: so no more is told than a bit for each tick. Takes both
     * descriptors over.
     *
     * @param source eventfd by which the receiver returns credit
     * @param sink eventfd that the sender has
     * @param perSecond ticks in a second, at least 1
     * @param of the lane of bytes that they are for
     * @param listener hears of it on the relay's thread
     * @return the lane
     */
    public Lane credits(Fd source, Fd sink, long perSecond, Lane of, Lane.Listener listener) {
        return begin(new SignalLane(source, sink, perSecond, listener, (ByteLane) of));
    }

    /**
     * Moves word of losses against a lane of messages, at ticks as {@link #credits} does; what is more is dropped. Takes both
     * descriptors over.
     *
     * @param source eventfd by which the receiver's side tells
     * @param sink eventfd that the sender has
     * @param perSecond ticks in a second, at least 1
     * @param listener hears of it on the relay's thread
     * @return the lane
     */
    public Lane notices(Fd source, Fd sink, long perSecond, Lane.Listener listener) {
        return begin(new SignalLane(source, sink, perSecond, listener, null));
    }

    /**
     * Moves messages from one pipe in packet mode to another. A message passes whole or not at all; what the receiver's pipe has no room
     * for is lost, costs its sender the same, and is told to the receiver in front of the next one: each packet begins with a u32, the
     * messages lost before it; frames have no such prefix. Takes the descriptors over.
     *
     * @param source read end of the pipe that the sender has, or a tap
     * @param sink write end of the pipe that the receiver has, or a tap
     * @param bounds most bytes, of which a message costs those of its payload and {@link Messages#HEADER}
     * @param messages what a message may be, and what becomes of it
     * @param notice an eventfd that is signalled for each message that the receiver's pipe had no room for; none for null
     * @param listener hears of it on the relay's thread
     * @return the lane
     */
    public Lane messages(
            Fd source, Fd sink, Bounds bounds, Messages messages, @Nullable Fd notice, Lane.Listener listener) {
        return begin(new MessageLane(source, sink, bounds, listener, messages, notice));
    }

    private Lane begin(Lane lane) {
        execute(() -> lanes.add(lane));
        return lane;
    }

    /** Ends a lane: when this returns, nothing passes through it any more. */
    public void cut(Lane lane) {
        lane.cut();
        nudge();
    }

    /** Lets units pass that a quota allows; see {@link Lane#lease}. */
    public void lease(Lane lane, long units, long ends) {
        lane.lease(units, ends);
        nudge();
    }

    /** Lets the thread look at its lanes; for tests. */
    void nudge() {
        execute(() -> {});
    }

    /** Returns how often the thread has looked at its lanes; for tests of fairness. */
    long turns() {
        return turns;
    }

    private void execute(Runnable task) {
        tasks.add(task);
        try {
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            LOG.debug("the relay has ended", e);
        }
    }

    private void run() {
        beExact();
        try {
            while (!closing) {
                turn();
            }
        } catch (ErrnoException e) {
            LOG.error("the relay can't go on, so that channels carry nothing any more: {}", e.getMessage());
        } finally {
            lanes.forEach(Lane::close);
            lanes.clear();
        }
    }

    /** Ticks and tokens that come late are rates and budgets that are not used. */
    private static void beExact() {
        try {
            Prctl.setTimerSlack(1);
        } catch (ErrnoException e) {
            LOG.debug("the relay's waits are not exact: {}", e.getMessage());
        }
    }

    private void turn() throws ErrnoException {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        if (closing) {
            return;
        }
        turns = turns + 1;
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        for (int i = lanes.size() - 1; i >= 0; i--) {
            Lane lane = lanes.get(i);
            if (lane.isCut() || lane.done) {
                remove(i);
            } else {
                next = Math.min(next, serve(lane, now));
            }
        }
        for (int i = 0; i < lanes.size(); i++) {
            // Credit that came in this turn lets bytes of another lane pass; what has ended is to be closed.
            Lane lane = lanes.get(i);
            boolean unblocked = lane.slot < 0 && lane.resumeAt == Lane.UNTIL_READY && !idle(lane);
            next = unblocked || lane.done ? now : next;
        }
        poller.pollNanos(wait(next, now));
        if (poller.ready(0) != 0) {
            wake.drain();
        }
    }

    private static long wait(long next, long now) {
        if (next == Long.MAX_VALUE) {
            return WITHOUT_END;
        }
        return Math.max(0, next - now);
    }

    /** Moves what a lane has, if it is its time; returns when to look again, {@link Lane#UNTIL_READY} once its source is ready. */
    private long serve(Lane lane, long now) {
        boolean timed = lane.resumeAt != Lane.UNTIL_READY;
        if (timed && lane.resumeAt > now) {
            return lane.resumeAt;
        }
        boolean ready = timed || lane.pending() || lane.slot >= 0 && poller.ready(lane.slot) != 0;
        if (ready && !idle(lane)) {
            lane.resumeAt = lane.move(buffer, now);
        }
        boolean watched = !idle(lane) && lane.resumeAt == Lane.UNTIL_READY;
        watch(lane, watched);
        return lane.resumeAt;
    }

    /** Whether nothing that its source does matters now. */
    private static boolean idle(Lane lane) {
        return lane.done || lane.starving() || lane instanceof ByteLane bytes && bytes.blocked();
    }

    private void watch(Lane lane, boolean watched) {
        if (watched && lane.slot < 0) {
            lane.slot = poller.add(lane.source, Poller.IN);
        } else if (!watched && lane.slot >= 0) {
            poller.remove(lane.slot);
            lane.slot = -1;
        }
    }

    private void remove(int position) {
        Lane lane = lanes.remove(position);
        watch(lane, false);
        lane.close();
    }

    /** Ends all lanes and the thread. */
    @Override
    public void close() {
        execute(() -> closing = true);
        Waits.join(thread);
        poller.close();
        wake.close();
        arena.close();
    }
}
