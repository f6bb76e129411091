package dev.cloister.vmm.board;

import dev.cloister.vmm.report.FaultReport;
import dev.cloister.vmm.report.Outcome;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Says to all vCPU threads of a machine whether they may run, and remembers why the machine ended. Any thread may call anything;
 * the vCPU threads' own calls are marked. The first reason to end wins.
 */
public final class RunControl {
    /** Makes vCPU threads leave the guest and look here. Never blocks. */
    public interface Kicker {
        /** Kicks every vCPU. */
        void kickAll();
    }

    private enum Wanted {
        RUN,
        PAUSE,
        STOP
    }

    /**
     * Why it ended.
     *
     * @param outcome how
     * @param detail one line, may be empty
     * @param debugValue value of the debug-exit port
     * @param fault the guest fault, if it was one
     */
    public record End(
            Outcome outcome,
            String detail,
            int debugValue,
            @Nullable FaultReport fault) {}

    /** The machine goes on after its vCPUs have ended: it is restarted in place. Any other reason takes its place. */
    static final End RESTART = new End(Outcome.RESET, "restarting in place", 0, null);

    /** The longest single wait for threads that are to end: so much of a time in which the host stopped the process counts at most. */
    private static final long SLICE = 1_000_000_000L;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Kicker kicker;
    private final int vcpus;
    private volatile Wanted wanted = Wanted.PAUSE;
    private int parked;
    private int ended;
    private boolean over;
    private @Nullable End end;

    /** Nobody runs until {@link #resume()}. */
    public RunControl(int vcpus, Kicker kicker) {
        this.vcpus = vcpus;
        this.kicker = kicker;
    }

    /** vCPU thread, before each entry into the guest: whether to enter at once. One volatile read. */
    public boolean mayRun() {
        return wanted == Wanted.RUN;
    }

    /** Whether the end was decided. */
    public boolean stopping() {
        return wanted == Wanted.STOP;
    }

    /**
     * vCPU thread: stands still as long as the machine is paused.
     *
     * @return true to go on, false to end the thread
     */
    public boolean park() {
        lock.lock();
        try {
            parked++;
            changed.signalAll();
            while (wanted == Wanted.PAUSE) {
                changed.awaitUninterruptibly();
            }
            parked--;
            return wanted == Wanted.RUN;
        } finally {
            lock.unlock();
        }
    }

    /** vCPU thread: its last call. Returns true to exactly one thread, the last. */
    public boolean threadEnded() {
        lock.lock();
        try {
            ended++;
            over = ended == vcpus && !RESTART.equals(end);
            changed.signalAll();
            return ended == vcpus;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the machine, unless it is already ending. Returns at once.
     *
     * @return whether this was the first reason
     */
    public boolean finish(End reason) {
        lock.lock();
        try {
            boolean first = end == null || RESTART.equals(end) && !RESTART.equals(reason);
            if (first) {
                end = reason;
            }
            wanted = Wanted.STOP;
            changed.signalAll();
            return first;
        } finally {
            lock.unlock();
            kicker.kickAll();
        }
    }

    /**
     * Waits until every vCPU stands still.
     *
     * @return false if the machine is ending instead
     */
    public boolean pause() {
        lock.lock();
        try {
            if (wanted == Wanted.STOP) {
                return false;
            }
            wanted = Wanted.PAUSE;
        } finally {
            lock.unlock();
        }
        kicker.kickAll();
        lock.lock();
        try {
            while (wanted == Wanted.PAUSE && parked + ended < vcpus) {
                changed.awaitUninterruptibly();
            }
            return wanted == Wanted.PAUSE;
        } finally {
            lock.unlock();
        }
    }

    /** Any thread, vCPU threads too: the vCPUs are to stand still. Returns at once. */
    public void requestPause() {
        lock.lock();
        try {
            if (wanted == Wanted.RUN) {
                wanted = Wanted.PAUSE;
            }
        } finally {
            lock.unlock();
        }
        kicker.kickAll();
    }

    /** vCPU thread: stands still as long as the machine is paused or a condition holds, which each resume looks at again. */
    public void standWhile(BooleanSupplier held) {
        lock.lock();
        try {
            parked++;
            changed.signalAll();
            while (wanted == Wanted.PAUSE || wanted == Wanted.RUN && held.getAsBoolean()) {
                changed.awaitUninterruptibly();
            }
            parked--;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets the vCPUs run.
     *
     * @return false if the machine is ending
     */
    public boolean resume() {
        lock.lock();
        try {
            if (wanted == Wanted.STOP) {
                return false;
            }
            wanted = Wanted.RUN;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a machine whose vCPUs have ended is to be restarted. */
    public boolean restarts() {
        lock.lock();
        try {
            return RESTART.equals(end);
        } finally {
            lock.unlock();
        }
    }

    /**
     * A machine begins anew, with as many vCPU threads, which stand still until {@link #resume}.
     *
     * @return false if it is to end instead; nothing has changed then
     */
    public boolean rearm() {
        lock.lock();
        try {
            if (!RESTART.equals(end)) {
                return false;
            }
            end = null;
            ended = 0;
            wanted = Wanted.PAUSE;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing follows any more: also where a restart was asked for and something came in between. */
    public void setOver() {
        lock.lock();
        try {
            over = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for all vCPU threads to end and not to be followed by others.
     *
     * @param nanos how long at most; 0 or less waits for ever
     * @return false when the time was over
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public boolean awaitThreads(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!over) {
                if (nanos <= 0) {
                    changed.await();
                } else if (left <= 0) {
                    return false;
                } else {
                    left = changed.awaitNanos(left);
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits, for as long as the machine lives, for the end of all vCPU threads, or for one that is late with it: a call to the host may hold
     * it for ever. A restart is no end. Time in which the host stopped this process doesn't count, but for a second.
     *
     * @param nanos how long a vCPU thread may take to end once it is told to
     * @return false if one is late
     */
    public boolean awaitEnd(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!over) {
                if (wanted != Wanted.STOP || ended == vcpus) {
                    left = nanos;
                    changed.awaitUninterruptibly();
                } else if (left <= 0) {
                    return false;
                } else {
                    left -= awaitSlice(Math.min(left, SLICE));
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a change, at most so many nanoseconds; how many of them have gone. An interrupt, which nobody sends, is the end of one wait. */
    private long awaitSlice(long nanos) {
        try {
            return nanos - Math.max(0, changed.awaitNanos(nanos));
        } catch (InterruptedException _) {
            return nanos;
        }
    }

    /** The reason of the end; a machine closed before it ran was stopped. */
    public End end() {
        lock.lock();
        try {
            End reason = end;
            return reason != null ? reason : new End(Outcome.STOPPED, "closed before the guest ended", 0, null);
        } finally {
            lock.unlock();
        }
    }
}
