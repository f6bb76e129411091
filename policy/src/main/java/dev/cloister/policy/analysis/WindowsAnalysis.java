package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.When;
import dev.cloister.policy.model.Window;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Windows of time: each opens at some time from now on, each is used, and the conditions of a flow and of the two domains that it
 * joins hold together at some time.
 */
final class WindowsAnalysis implements Analysis {
    /** Where the report has no day and no window names one: any day does, because everything repeats. */
    private static final LocalDate ANY_DAY = LocalDate.of(2026, 1, 1);

    @Override
    public String id() {
        return "windows";
    }

    @Override
    public String title() {
        return "windows of time open";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().windows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        Policy policy = context.policy();
        if (policy.windows().isEmpty()) {
            return;
        }
        OpenTimes times = times(context);
        long never = 0;
        long used = used(policy);
        for (Window window : policy.windows()) {
            long bit = 1L << window.index();
            if (!times.together(List.of(bit))) {
                never |= bit;
                neverOpen(window, context.today(), out);
            }
            if ((used & bit) == 0) {
                out.note(
                        FindingId.WINDOW_UNUSED,
                        window.position(),
                        "no flow and no domain uses the window \"" + window.name() + "\"",
                        "name it in a \"when\", or remove it");
            }
        }
        disjoint(policy, times, never, out);
    }

    /** Looks at the policy's windows from the day of the report on; without one, from before the first day that any names. */
    static OpenTimes times(AnalysisContext context) {
        List<Window> windows = context.policy().windows();
        Instant now = context.today()
                // It is still yesterday somewhere.
                .map(day -> day.minusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant())
                .orElseGet(() -> beforeAll(windows));
        return OpenTimes.from(windows, now);
    }

    private static Instant beforeAll(List<Window> windows) {
        return windows.stream()
                .flatMap(window -> window instanceof Window.Calendar calendar
                        ? Stream.concat(
                                calendar.notBefore().stream(),
                                calendar.notAfter().map(day -> day.minusDays(OpenTimes.AHEAD.toDays())).stream())
                        : Stream.empty())
                .min(LocalDate::compareTo)
                .orElse(ANY_DAY)
                .atStartOfDay(ZoneOffset.UTC)
                .toInstant();
    }

    private static long used(Policy policy) {
        long used = 0;
        for (Flow flow : policy.flows()) {
            used |= flow.limits().when().windows();
        }
        for (Domain domain : policy.domains()) {
            used |= domain.lifecycle().when().windows();
        }
        return used;
    }

    private static void neverOpen(Window window, Optional<LocalDate> today, Findings out) {
        Optional<LocalDate> last = window instanceof Window.Calendar calendar ? calendar.notAfter() : Optional.empty();
        boolean past = last.isPresent() && today.isPresent() && last.get().isBefore(today.get());
        out.warning(
                FindingId.WINDOW_NEVER_OPEN,
                window.position(),
                "the window \"" + window.name() + "\" "
                        + (past
                                ? "never opens again: its last day, " + last.get() + ", is over"
                                : "never opens: no time is in it"),
                past ? "move its last day, or remove it and what waits for it" : "widen its days, dates or times");
    }

    private static void disjoint(Policy policy, OpenTimes times, long never, Findings out) {
        Map<List<Long>, Boolean> known = new HashMap<>();
        for (Domain domain : policy.domains()) {
            List<Long> own = lists(domain.lifecycle().when(), never);
            if (own.size() > 1 && !known.computeIfAbsent(own, times::together)) {
                never(policy, "domain \"" + domain.name() + "\"", own, domain.position(), out);
            }
        }
        for (Flow flow : policy.flows()) {
            List<Long> all = conditions(flow, never);
            if (all.size() > 1 && !known.computeIfAbsent(all, times::together) && endsMeet(flow, never, known, times)) {
                never(policy, "flow \"" + flow.name() + "\"", all, flow.position(), out);
            }
        }
    }

    /** A domain that never starts is reported once, not with each of its flows. */
    private static boolean endsMeet(Flow flow, long never, Map<List<Long>, Boolean> known, OpenTimes times) {
        return Stream.of(flow.from(), flow.to())
                .map(end -> lists(when(end), never))
                .allMatch(lists -> known.computeIfAbsent(lists, times::together));
    }

    /** The conditions under which a flow's channel may live: its own and those of its two ends. */
    private static List<Long> conditions(Flow flow, long never) {
        Set<Long> all = new HashSet<>(lists(flow.limits().when(), never));
        all.addAll(lists(when(flow.from()), never));
        all.addAll(lists(when(flow.to()), never));
        return all.stream().sorted().toList();
    }

    private static When when(Endpoint endpoint) {
        return endpoint instanceof Domain domain ? domain.lifecycle().when() : When.ALWAYS;
    }

    /** Lists of which every window never opens are left out: those windows have their own finding. */
    private static List<Long> lists(When when, long never) {
        return when.lists().stream()
                .filter(list -> (list & ~never) != 0)
                .sorted()
                .distinct()
                .toList();
    }

    private static void never(Policy policy, String who, List<Long> lists, SourcePosition at, Findings out) {
        List<String> words = new ArrayList<>();
        lists.forEach(list -> words.add(names(policy, list)));
        out.warning(
                FindingId.WINDOWS_DISJOINT,
                at,
                who + " waits for windows that are never open together: " + String.join(", and ", words),
                "let the windows overlap, or drop one of the conditions; a flow also waits for those of its domains");
    }

    private static String names(Policy policy, long list) {
        List<String> names = policy.windows().stream()
                .filter(window -> (list >>> window.index() & 1) != 0)
                .map(Window::name)
                .toList();
        return (names.size() > 1 ? "any of " : "") + Words.list(names);
    }
}
