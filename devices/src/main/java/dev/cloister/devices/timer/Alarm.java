package dev.cloister.devices.timer;

import java.util.Objects;

/** One alarm of {@link Alarms}; any thread may set it at any time, also its own action. */
public final class Alarm {
    /** A time that never comes. */
    static final long NEVER = Long.MAX_VALUE;

    private final Alarms owner;
    private final Runnable action;
    /** Guarded by the owner's lock. */
    private long time = NEVER;

    Alarm(Alarms owner, Runnable action) {
        this.owner = owner;
        this.action = Objects.requireNonNull(action);
    }

    /**
     * Makes it go off once, instead of any earlier setting.
     *
     * @param nanos guest time; one that has passed goes off at once, on the alarms' thread
     */
    public void set(long nanos) {
        owner.set(this, nanos);
    }

    /** Makes it not go off. An action that has begun on the alarms' thread still ends. */
    public void cancel() {
        owner.set(this, NEVER);
    }

    long time() {
        return time;
    }

    void setTime(long nanos) {
        time = nanos;
    }

    void ring() {
        action.run();
    }
}
