package dev.cloister.devices.timer;

/** Calls back when some of the guest's time has passed: for devices that have a clock of their own. Any thread. */
@FunctionalInterface
public interface Reminder {
    /** A time after which nothing is called. */
    long NEVER = -1;

    /** Who makes reminders. */
    @FunctionalInterface
    interface Source {
        /** Reminds nobody. */
        Source NONE = _ -> _ -> {};

        /**
         * Makes a reminder that is not set.
         *
         * @param action what it calls, on a thread of its own; must neither throw nor wait
         * @return the reminder
         */
        Reminder reminder(Runnable action);
    }

    /**
     * Sets it, instead of any earlier setting. It calls once.
     *
     * @param nanos guest time from now on, or {@link #NEVER}; a call that has begun still ends
     */
    void in(long nanos);
}
