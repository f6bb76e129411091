package dev.cloister.devices.timer;

import dev.cloister.devices.Waiting;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The alarms of one machine, on a daemon thread of their own that sleeps until the earliest. Their number is that of the machine's
 * timers and does not depend on what a guest does. Actions run one after the other without a lock held; they must be short.
 */
public final class Alarms implements AutoCloseable {
    /** Periodic timers go off at most this often: 200 µs, as with KVM's timers. */
    public static final long SHORTEST_PERIOD_NANOS = 200_000;

    private final GuestClock clock;
    private final CopyOnWriteArrayList<Alarm> alarms = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread thread;
    /** Stands for none: never set. */
    private final Alarm none = new Alarm(this, () -> {});
    /** The time that the thread sleeps towards; guarded by the lock. */
    private long sleepsUntil = Alarm.NEVER;

    private boolean closed;

    /**
     * Makes the alarms of a clock; their thread begins with the first {@link #resume}.
     *
     * @param clock the guest's clock, run and stopped by this object from here on
     * @param name the thread's name
     */
    public Alarms(GuestClock clock, String name) {
        this.clock = Objects.requireNonNull(clock);
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    /**
     * The clock.
     *
     * @return what the alarms go by
     */
    public GuestClock clock() {
        return clock;
    }

    /**
     * Makes an alarm that is not set.
     *
     * @param action what it does; must neither throw nor wait
     * @return the alarm
     */
    public Alarm alarm(Runnable action) {
        Alarm made = new Alarm(this, action);
        alarms.add(made);
        return made;
    }

    /**
     * Makes an alarm that is set by how long it takes.
     *
     * @param action what it does; must neither throw nor wait
     * @return the reminder
     */
    public Reminder reminder(Runnable action) {
        Alarm made = alarm(action);
        return nanos -> made.set(nanos < 0 ? Alarm.NEVER : clock.nanos() + nanos);
    }

    /** Lets guest time go on. */
    public void resume() {
        lock.lock();
        try {
            clock.start();
            if (thread.getState() == Thread.State.NEW && !closed) {
                thread.start();
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Makes guest time stand still; no alarm goes off meanwhile. */
    public void pause() {
        lock.lock();
        try {
            clock.stop();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void set(Alarm alarm, long nanos) {
        lock.lock();
        try {
            alarm.setTime(nanos);
            if (nanos < sleepsUntil) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        Alarm due = next();
        while (due != null) {
            due.ring();
            due = next();
        }
    }

    /** Waits for the next alarm and takes it; null at the end. */
    private Alarm next() {
        lock.lock();
        try {
            while (!closed) {
                Alarm first = earliest();
                long left = first.time() - clock.nanos();
                if (first.time() == Alarm.NEVER || !clock.running()) {
                    sleepsUntil = Alarm.NEVER;
                    changed.awaitUninterruptibly();
                } else if (left > 0) {
                    sleepsUntil = first.time();
                    sleep(left);
                } else {
                    first.setTime(Alarm.NEVER);
                    return first;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void sleep(long nanos) {
        try {
            changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            // Nobody interrupts this thread; were it so, the loop looks at the time again.
            Thread.interrupted();
        }
    }

    private Alarm earliest() {
        Alarm first = none;
        for (Alarm alarm : alarms) {
            if (alarm.time() < first.time()) {
                first = alarm;
            }
        }
        return first;
    }

    /** Ends the thread, unless it never began; returns when the action under way has ended. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        if (Thread.currentThread() == thread) {
            return;
        }
        Waiting.join(thread);
    }
}
