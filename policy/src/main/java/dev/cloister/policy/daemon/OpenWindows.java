package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Window;
import dev.cloister.policy.model.WindowClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Knows which windows of the policy are open and tells when that changes: by a timer at the next change, and at least once a second,
 * since the wall clock may be set. Loop's thread only.
 */
final class OpenWindows {
    private static final long RECHECK_MILLIS = 1_000;

    private Policy policy;
    private final Clock clock;
    private WindowClock windows;
    private final EventLoop loop;
    private final Journal journal;
    private Runnable onChange = () -> {};
    private Optional<EventLoop.Timer> timer = Optional.empty();
    private long mask;

    /** Windows that are relative began so long ago. */
    OpenWindows(Policy policy, Clock clock, Duration ago, EventLoop loop, Journal journal) {
        this.policy = policy;
        this.clock = clock;
        this.loop = loop;
        this.journal = journal;
        this.windows = new WindowClock(policy.windows(), clock.instant().minus(ago));
    }

    /** Begins: the windows that are open now are recorded, changes are told from here on. */
    void begin(Runnable action) {
        onChange = action;
        if (!policy.windows().isEmpty()) {
            check();
        }
    }

    /** Another policy is in force: its windows are looked at from here on; those that are relative begin now. */
    void change(Policy next) {
        timer.ifPresent(EventLoop.Timer::cancel);
        timer = Optional.empty();
        policy = next;
        windows = new WindowClock(next.windows(), clock.instant());
        mask = 0;
        if (!next.windows().isEmpty()) {
            Instant now = clock.instant();
            mask = windows.openAt(now);
            timer = Optional.of(loop.after(millisToNext(now), this::check));
        }
    }

    /** Returns a mask: bit {@code i} is set while window {@code i} is open. */
    long mask() {
        return policy.windows().isEmpty() ? 0 : windows.openAt(clock.instant());
    }

    /** Returns the mask that a policy would have if it came into force now. */
    long maskOf(Policy other) {
        Instant now = clock.instant();
        return other.windows().isEmpty() ? 0 : new WindowClock(other.windows(), now).openAt(now);
    }

    /** Looks at the clock; a change is recorded and told. */
    void check() {
        timer.ifPresent(EventLoop.Timer::cancel);
        Instant now = clock.instant();
        long before = mask;
        mask = windows.openAt(now);
        timer = Optional.of(loop.after(millisToNext(now), this::check));
        if (mask != before) {
            for (Window window : policy.windows()) {
                record(window, before, mask);
            }
            onChange.run();
        }
    }

    private void record(Window window, long before, long after) {
        long bit = 1L << window.index();
        if ((before & bit) != (after & bit)) {
            boolean open = (after & bit) != 0;
            journal.write(open ? AuditKind.WINDOW_OPENED : AuditKind.WINDOW_CLOSED, "window", window.name());
        }
    }

    private long millisToNext(Instant now) {
        return windows.nextChange(now)
                .map(next -> Math.clamp(Duration.between(now, next).toMillis() + 1, 1, RECHECK_MILLIS))
                .orElse(RECHECK_MILLIS);
    }

    /** Whether anything may still open. */
    boolean mayChange() {
        return !policy.windows().isEmpty()
                && windows.nextChange(clock.instant()).isPresent();
    }

    /** The names of the windows in a mask, separated by commas. */
    static String names(Policy policy, long mask) {
        List<String> names = new ArrayList<>();
        for (Window window : policy.windows()) {
            if ((mask >>> window.index() & 1) != 0) {
                names.add(window.name());
            }
        }
        return String.join(",", names);
    }
}
