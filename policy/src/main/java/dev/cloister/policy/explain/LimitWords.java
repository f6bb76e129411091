package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.When;
import dev.cloister.policy.model.Window;
import dev.cloister.policy.model.WindowClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the gates of time, rate and quota have to say, in numbers. */
final class LimitWords {
    /** Changes of windows that are looked at for the next opening: those of a calendar come daily at least. */
    private static final int LOOKED_AHEAD = 800;

    private final Decision decision;
    private final Policy policy;

    LimitWords(Decision decision) {
        this.decision = decision;
        this.policy = decision.policy();
    }

    /** The quota of a flow, and what was used of it. */
    String flowQuota(Flow flow, Quota quota) {
        long used = decision.history().used(flow, quota, decision.request().nanos());
        return quota("the flow's quota", flow.kind() == FlowKind.EVENT ? "signals" : "bytes", quota, used);
    }

    /** The quota of a flow's guard, and what was used of it. */
    String guardQuota(Flow flow, Quota quota) {
        long used = decision.history()
                .usedByGuard(flow.from().index(), quota, decision.request().nanos());
        return quota("the quota of guard " + flow.from().name(), "bytes", quota, used);
    }

    private String quota(String whose, String unit, Quota quota, long used) {
        long since = decision.request().nanos() - decision.history().loadedNanos();
        Duration left = Duration.ofNanos(quota.periodNanos() - Math.floorMod(since, quota.periodNanos()));
        return whose + " of " + quota.amount() + " " + unit + " per " + show(Duration.ofNanos(quota.periodNanos()))
                + ": " + used + " used" + asked() + "; the next period begins in " + show(left);
    }

    private String asked() {
        boolean more = decision.request() instanceof Request.Use && !decision.granted();
        return more ? ", " + ((Request.Use) decision.request()).units() + " more asked for" : "";
    }

    /** A token bucket in numbers. */
    static String rate(Rate rate) {
        return rate.perSecond() + " per second, at most " + rate.burst() + " at once";
    }

    /** The windows of which one is open. */
    String open(When when) {
        String names = windows(when.windows() & decision.request().openWindows()).stream()
                .map(Window::name)
                .collect(Collectors.joining(", "));
        return "within its window (" + names + ")";
    }

    /** The first list of windows of which none is open, and when all allow it again. */
    String closed(When when, Optional<WindowClock> clock, Optional<Instant> now) {
        String names = closedWindows(when).stream().map(Window::name).collect(Collectors.joining(", "));
        String text = "outside its window (" + names + ")";
        if (clock.isEmpty() || now.isEmpty()) {
            return text;
        }
        return text
                + next(when, clock.get(), now.get())
                        .map(opens -> "; it opens at " + opens)
                        .orElse("; it doesn't open within two years");
    }

    /** The first list of windows of which none is open. */
    List<Window> closedWindows(When when) {
        long open = decision.request().openWindows();
        return windows(when.lists().stream()
                .filter(list -> (list & open) == 0)
                .findFirst()
                .orElse(0L));
    }

    /** The windows with these bits. */
    List<Window> windows(long bits) {
        return policy.windows().stream()
                .filter(window -> (bits >>> window.index() & 1) != 0)
                .toList();
    }

    private static Optional<Instant> next(When when, WindowClock clock, Instant now) {
        Optional<Instant> at = Optional.of(now);
        for (int i = 0; i < LOOKED_AHEAD && at.isPresent(); i++) {
            at = clock.nextChange(at.get());
            if (at.isPresent() && when.open(clock.openAt(at.get()))) {
                return at;
            }
        }
        return Optional.empty();
    }

    /** A duration as people write it, such as {@code 1h30m}; a part of a second counts as one. */
    static String show(Duration duration) {
        long seconds = duration.plusNanos(999_999_999).toSeconds();
        Duration whole = Duration.ofSeconds(seconds);
        StringBuilder text = new StringBuilder();
        append(text, whole.toDays(), "d");
        append(text, whole.toHoursPart(), "h");
        append(text, whole.toMinutesPart(), "m");
        append(text, whole.toSecondsPart(), "s");
        return text.isEmpty() ? "0s" : text.toString();
    }

    private static void append(StringBuilder text, long amount, String unit) {
        if (amount > 0) {
            text.append(amount).append(unit);
        }
    }
}
