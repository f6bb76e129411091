package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * One direction of one channel: what can be read from the source is given to the sink, within its bounds. Moves are made by the
 * relay's thread; {@link #cut}, {@link #lease} and the counters are for any thread.
 */
public abstract sealed class Lane permits SignalLane, ByteLane, MessageLane {
    /** Wake-ups that one lane may cause: what comes faster is taken together. */
    private static final long WAKES_PER_SECOND = 20_000;

    private static final long WAKES_AT_ONCE = 256;
    private static final long NEVER = Long.MAX_VALUE;
    /** Nothing can be done before something else happens than the passing of time. */
    static final long UNTIL_READY = Long.MAX_VALUE;

    /** What is told of a lane; relay's thread. */
    public interface Listener {
        /** Units wait for a lease. */
        void hungry();

        /** The lane has ended by itself: its source has ended, or its sink. */
        void ended(String reason);

        /** The receiver broke the contract of credit; the lane ends. */
        void violated(String how);
    }

    final Fd source;
    final Fd sink;
    private final @Nullable Bucket rate;
    private final Bucket wakes;
    private final Listener listener;
    private final boolean metered;
    private long leased;
    private long leaseEnds = NEVER;
    private boolean hungry;
    private boolean cut;
    private volatile long moved;
    private volatile long held;
    // Relay's thread only.
    int slot = -1;
    boolean done;
    long resumeAt = UNTIL_READY;

    Lane(Fd source, Fd sink, Bounds bounds, Listener listener) {
        long now = System.nanoTime();
        this.source = source;
        this.sink = sink;
        this.rate = bounds.perSecond() == 0 ? null : new Bucket(bounds.perSecond(), bounds.burst(), now);
        this.wakes = new Bucket(WAKES_PER_SECOND, WAKES_AT_ONCE, now);
        this.metered = bounds.metered();
        this.listener = listener;
    }

    /** Units that have passed: signals or bytes; of messages bytes with their headers. */
    public final long moved() {
        return moved;
    }

    /** Signals or messages that were dropped, or times that bytes had to wait, because of a bound. */
    public final long held() {
        return held;
    }

    /**
     * Lets units pass that a quota allows, with what is left of the lease before if that isn't over.
     *
     * @param units how many
     * @param ends when they become void, in monotonic nanoseconds
     */
    public final synchronized void lease(long units, long ends) {
        leased = units + (System.nanoTime() - leaseEnds < 0 ? leased : 0);
        leaseEnds = ends;
        hungry = false;
    }

    /** Returns what is left of the lease. */
    public final synchronized long leaseLeft() {
        return leased;
    }

    /** Ends the lane: when this returns, nothing passes any more. Its descriptors are closed by the relay's thread soon after. */
    final synchronized void cut() {
        cut = true;
    }

    final synchronized boolean isCut() {
        return cut;
    }

    /**
     * Moves what is there, once.
     *
     * @param buffer native memory of the relay's thread
     * @return monotonic nanoseconds until which there is no use in looking again, 0 for none; {@link #UNTIL_READY}: only once the
     *     source is ready
     */
    final synchronized long move(MemorySegment buffer, long now) {
        if (cut || done) {
            return UNTIL_READY;
        }
        if (wakes.available(now) == 0) {
            return now + wakes.untilNext();
        }
        wakes.take(1);
        long least = least();
        long may = rate == null ? Long.MAX_VALUE : rate.available(now);
        if (may < least && rate != null) {
            waits();
            return now + rate.until(least);
        }
        may = Math.min(may, leased(now, least));
        if (may < least) {
            return UNTIL_READY;
        }
        try {
            return transfer(buffer, may, now);
        } catch (ErrnoException e) {
            end("the other end is gone: " + e.errnoName());
            return UNTIL_READY;
        }
    }

    /** Units without which nothing can be moved, at least 1; 0 to be asked to move whatever there is. */
    long least() {
        return 1;
    }

    /** What there is has to wait for the rate. */
    void waits() {
        held++;
    }

    /** What the lease still allows; asks for another when that is too little. */
    private long leased(long now, long least) {
        if (!metered) {
            return Long.MAX_VALUE;
        }
        long left = now - leaseEnds < 0 ? leased : 0;
        if (left < Math.max(1, least)) {
            askForLease();
        }
        return left;
    }

    private void askForLease() {
        if (!hungry) {
            hungry = true;
            waits();
            listener.hungry();
        }
    }

    /** Whether it waits for a lease: then its source is not watched. */
    final synchronized boolean starving() {
        return hungry;
    }

    /** Moves at most so many units; see {@link #move}. */
    abstract long transfer(MemorySegment buffer, long may, long now) throws ErrnoException;

    /** Whether something waits in the lane itself, beside what its source has. Relay's thread only. */
    boolean pending() {
        return false;
    }

    final boolean isMetered() {
        return metered;
    }

    final void passed(long units) {
        moved += units;
        charge(units);
    }

    /** Takes units from the bounds. */
    final void charge(long units) {
        if (rate != null) {
            rate.take(units);
        }
        if (metered) {
            leased -= units;
        }
    }

    /** Counts units that passed and were charged before. */
    final void count(long units) {
        moved += units;
    }

    /** How many wake-ups more this one may stand for; they are taken. */
    final int takeWakes(int most, long now) {
        int more = (int) Math.min(most, wakes.available(now));
        wakes.take(more);
        return more;
    }

    /** Whether the rate allows so many units now. */
    final boolean allowed(long units, long now) {
        return rate == null || units <= rate.available(now);
    }

    /** Nanoseconds until the rate allows so many units, which it doesn't now. */
    final long untilAllowed(long units) {
        return rate == null ? 0 : rate.until(units);
    }

    /** Whether the rate can ever allow so many units at once. */
    final boolean fits(long units) {
        return rate == null || units <= rate.most();
    }

    final void drop(long units) {
        held += units;
    }

    final void end(String reason) {
        done = true;
        listener.ended(reason);
    }

    final void violated(String how) {
        done = true;
        listener.violated(how);
    }

    /** Writes a number to an eventfd; one that is full says what there is to say already. */
    static void signal(Fd fd, MemorySegment eight, long count) throws ErrnoException {
        eight.set(ValueLayout.JAVA_LONG, 0, count);
        Pipe.write(fd, eight);
    }

    /** Gives back what only this kind of lane has. */
    void release() {}

    final void close() {
        source.close();
        sink.close();
        release();
    }
}
