package dev.cloister.devices.interrupt;

import dev.cloister.devices.timer.Alarm;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;

/**
 * The timer of a local APIC (Intel SDM vol. 3, 11.5.4). Its bus clock has 1 GHz: it counts nanoseconds of guest time, as KVM's does.
 * Used with the chips' lock held.
 */
final class ApicTimer {
    static final int ONE_SHOT = 0;
    static final int PERIODIC = 1;
    static final int TSC_DEADLINE = 2;

    private static final long UNSET = Long.MAX_VALUE;
    private static final long FAR = Long.MAX_VALUE >> 2;

    private final GuestClock clock;
    private final Alarm alarm;
    private int mode;
    private int divideRegister;
    private long initial;
    private long startedAt;
    private long dueAt = UNSET;
    /** Whether a count that has ended is not to be repeated, though the mode has become periodic meanwhile. */
    private boolean lastRound;

    private long deadline;

    /**
     * A timer that is not set.
     *
     * @param alarms what wakes it
     * @param rings called on the alarms' thread, without the lock; to call {@link #expire}
     */
    ApicTimer(Alarms alarms, Runnable rings) {
        clock = alarms.clock();
        alarm = alarms.alarm(rings);
    }

    void reset() {
        mode = ONE_SHOT;
        divideRegister = 0;
        stop();
    }

    private void stop() {
        initial = 0;
        deadline = 0;
        dueAt = UNSET;
        alarm.cancel();
    }

    /**
     * The mode field of the LVT entry: to and from TSC-deadline mode disarms; between the others the count goes on, and one that has ended
     * does not begin again.
     */
    void setMode(int next) {
        if (next == mode) {
            return;
        }
        if (next == TSC_DEADLINE || mode == TSC_DEADLINE) {
            stop();
        } else if (initial != 0) {
            long left = current();
            startedAt = clock.nanos() - (initial - left) * divisor();
            lastRound = left == 0;
        }
        mode = next;
    }

    int divideRegister() {
        return divideRegister;
    }

    /** The divide configuration register: a count that runs goes on from where it is with the new divisor. */
    void setDivideRegister(int value) {
        long left = current();
        divideRegister = value & 0xb;
        if (dueAt != UNSET && mode != TSC_DEADLINE) {
            start(left);
        }
    }

    /** 1 to 128 (figure 11-10). */
    private int divisor() {
        int code = divideRegister & 3 | divideRegister >> 1 & 4;
        return code == 7 ? 1 : 2 << code;
    }

    /** The initial count register: starts the count; 0 stops it. */
    void setInitial(long count) {
        if (mode == TSC_DEADLINE) {
            return;
        }
        initial = count;
        if (count == 0) {
            stop();
        } else {
            start(count);
        }
    }

    private void start(long count) {
        long now = clock.nanos();
        lastRound = false;
        startedAt = now - (initial - count) * divisor();
        dueAt = now + Math.max(count * divisor(), mode == PERIODIC ? Alarms.SHORTEST_PERIOD_NANOS : 0);
        alarm.set(dueAt);
    }

    long initial() {
        return initial;
    }

    /** The current count register. */
    long current() {
        if (initial == 0 || mode == TSC_DEADLINE || lastRound) {
            return 0;
        }
        long passed = Math.max(0, clock.nanos() - startedAt) / divisor();
        if (mode == PERIODIC) {
            return initial - passed % initial;
        }
        return Math.max(0, initial - passed);
    }

    long deadline() {
        return deadline;
    }

    /**
     * IA32_TSC_DEADLINE; a counter of 1 GHz that now stands at {@code counter}. Zero disarms (11.5.4.1).
     *
     * @return whether the time has come already: the timer has rung and is disarmed
     */
    boolean setDeadline(long value, long counter) {
        if (mode != TSC_DEADLINE) {
            return false;
        }
        stop();
        if (value == 0 || Long.compareUnsigned(value, counter) <= 0) {
            return value != 0;
        }
        deadline = value;
        long left = value - counter;
        dueAt = clock.nanos() + (left < 0 ? FAR : Math.min(left, FAR));
        alarm.set(dueAt);
        return false;
    }

    /** Takes the expiry; false if the timer was set anew since its alarm rang. */
    boolean expire() {
        long now = clock.nanos();
        if (dueAt == UNSET || now < dueAt) {
            return false;
        }
        if (mode == PERIODIC && !lastRound) {
            long period = Math.max(initial * divisor(), Alarms.SHORTEST_PERIOD_NANOS);
            // Periods that the host was too late for are gone: the processor would see them as one.
            dueAt += period * ((now - dueAt) / period + 1);
            alarm.set(dueAt);
        } else {
            dueAt = UNSET;
            deadline = 0;
        }
        return true;
    }
}
