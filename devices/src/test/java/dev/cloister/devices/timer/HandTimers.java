package dev.cloister.devices.timer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** Reminders of tests: time passes when told, and calls come at their time, on the same thread. */
public final class HandTimers implements Reminder.Source {
    private static final class Entry implements Reminder {
        private final HandTimers owner;
        private final Runnable action;
        private long due = NEVER;

        Entry(HandTimers owner, Runnable action) {
            this.owner = owner;
            this.action = action;
        }

        @Override
        public void in(long nanos) {
            due = nanos < 0 ? NEVER : owner.now + nanos;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private final LongConsumer passed;
    private long now;
    private long calls;

    /** Each step of time is told, in nanoseconds. */
    public HandTimers(LongConsumer passed) {
        this.passed = passed;
    }

    @Override
    public Reminder reminder(Runnable action) {
        Entry made = new Entry(this, action);
        entries.add(made);
        return made;
    }

    /** How often somebody was called. */
    public long calls() {
        return calls;
    }

    /** Lets time pass, and calls who wanted to be. */
    public void pass(long nanos) {
        long end = now + nanos;
        Entry next = earliest(end);
        while (next != null) {
            step(Math.max(now, next.due));
            next.due = Reminder.NEVER;
            calls++;
            next.action.run();
            next = earliest(end);
        }
        step(end);
    }

    private void step(long to) {
        passed.accept(to - now);
        now = to;
    }

    private Entry earliest(long end) {
        Entry first = null;
        for (Entry entry : entries) {
            if (entry.due != Reminder.NEVER && entry.due <= end && (first == null || entry.due < first.due)) {
                first = entry;
            }
        }
        return first;
    }
}
