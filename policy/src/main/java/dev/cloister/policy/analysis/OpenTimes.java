package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which windows are ever open, and open together, from a moment on. Looks {@link #AHEAD} from the last day on which any window
 * may first begin, and at most {@link #FARTHEST}; exact over changes of the clock, because local times become instants by the
 * offset that holds there. A relative window opens at a time after the load, which may be any time: so what the calendar's
 * windows do and what the relative ones do are combined freely. Immutable.
 */
final class OpenTimes {
    /** How far ahead everything is looked at: more than a year, so every date and every change of the clock is met. */
    static final Duration AHEAD = Duration.ofDays(400);

    /** What lies farther ahead is not looked at. */
    static final Duration FARTHEST = Duration.ofDays(3660);

    /** A span of time in which one window is open; the end is not included. */
    private record Span(int window, Instant from, Instant to) {}

    /** A window opens or closes. */
    private record Change(Instant at, boolean opens, int window) {}

    private final Set<Long> calendarMasks;
    private final Set<Long> relativeMasks;
    private final boolean complete;

    private OpenTimes(Set<Long> calendarMasks, Set<Long> relativeMasks, boolean complete) {
        this.calendarMasks = calendarMasks;
        this.relativeMasks = relativeMasks;
        this.complete = complete;
    }

    /**
     * Looks ahead.
     *
     * @param windows the policy's windows
     * @param now the moment from which on it counts
     */
    static OpenTimes from(List<Window> windows, Instant now) {
        Instant farthest = now.plus(FARTHEST);
        Instant wanted =
                windows.stream().map(OpenTimes::lookUntil).reduce(now.plus(AHEAD), (a, b) -> a.isAfter(b) ? a : b);
        boolean complete = !wanted.isAfter(farthest);
        Instant end = complete ? wanted : farthest;
        List<Span> calendar = new ArrayList<>();
        List<Span> relative = new ArrayList<>();
        for (Window window : windows) {
            switch (window) {
                case Window.Calendar c -> calendar(c, now, end, calendar);
                case Window.Relative r -> relative(r, relative);
            }
        }
        return new OpenTimes(masks(calendar), masks(relative), complete);
    }

    /**
     * Returns whether at some time all these conditions hold: of each list (bits of windows) at least one is open. Where a window
     * begins too far ahead to be looked at the answer is yes: nothing is blamed that wasn't looked at.
     */
    boolean together(List<Long> lists) {
        if (!complete) {
            return true;
        }
        for (long calendar : calendarMasks) {
            for (long relative : relativeMasks) {
                if (meets(lists, calendar | relative)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean meets(List<Long> lists, long open) {
        for (long list : lists) {
            if ((list & open) == 0) {
                return false;
            }
        }
        return true;
    }

    /** From the first day on which a window may begin everything repeats, so a year from there shows all of it. */
    private static Instant lookUntil(Window window) {
        return switch (window) {
            case Window.Calendar c ->
                c.notBefore()
                        .map(day -> day.atStartOfDay(c.zone()).toInstant().plus(AHEAD))
                        .orElse(Instant.EPOCH);
            case Window.Relative _ -> Instant.EPOCH;
        };
    }

    private static void relative(Window.Relative window, List<Span> spans) {
        Instant opens = Instant.EPOCH.plus(window.after());
        Instant closes = window.length().map(opens::plus).orElse(Instant.MAX);
        add(spans, window.index(), opens, closes);
    }

    private static void calendar(Window.Calendar window, Instant now, Instant end, List<Span> spans) {
        LocalDate first = now.atZone(window.zone()).toLocalDate().minusDays(2);
        LocalDate last = end.atZone(window.zone()).toLocalDate();
        LocalDate from = window.notBefore().filter(first::isBefore).orElse(first);
        LocalDate to = window.notAfter().filter(last::isAfter).orElse(last);
        boolean wraps = !window.to().isAfter(window.from());
        List<Span> all = new ArrayList<>();
        for (LocalDate day = from; !day.isAfter(to); day = day.plusDays(1)) {
            if (window.days().contains(day.getDayOfWeek())) {
                pieces(
                        window,
                        day.atTime(window.from()),
                        wraps ? day.plusDays(1).atStartOfDay() : day.atTime(window.to()),
                        all);
                if (wraps && window.to().isAfter(LocalTime.MIN)) {
                    LocalDateTime morning = day.plusDays(1).atStartOfDay();
                    pieces(window, morning, morning.toLocalDate().atTime(window.to()), all);
                }
            }
        }
        for (Span span : all) {
            Instant opens = span.from().isBefore(now) ? now : span.from();
            add(spans, window.index(), opens, span.to().isAfter(end) ? end : span.to());
        }
    }

    /** The instants at which the clock shows a time of {@code [from, to)}: one piece for each offset that holds around there. */
    private static void pieces(Window.Calendar window, LocalDateTime from, LocalDateTime to, List<Span> spans) {
        ZoneId zone = window.zone();
        ZoneRules rules = zone.getRules();
        Instant start = from.toInstant(ZoneOffset.MAX);
        Instant end = to.toInstant(ZoneOffset.MIN);
        ZoneOffset offset = rules.getOffset(start);
        while (start.isBefore(end)) {
            ZoneOffsetTransition next = rules.nextTransition(start);
            Instant until = next == null || next.getInstant().isAfter(end) ? end : next.getInstant();
            Instant opens = from.toInstant(offset);
            Instant closes = to.toInstant(offset);
            add(spans, window.index(), opens.isBefore(start) ? start : opens, closes.isAfter(until) ? until : closes);
            if (next == null) {
                return;
            }
            offset = next.getOffsetAfter();
            start = until;
        }
    }

    private static void add(List<Span> spans, int window, Instant from, Instant to) {
        if (from.isBefore(to)) {
            spans.add(new Span(window, from, to));
        }
    }

    /** The masks that hold for some time; never none, so that the two sets combine. */
    private static Set<Long> masks(List<Span> spans) {
        List<Change> changes = new ArrayList<>();
        for (Span span : spans) {
            changes.add(new Change(span.from(), true, span.window()));
            changes.add(new Change(span.to(), false, span.window()));
        }
        changes.sort(Comparator.comparing(Change::at));
        Set<Long> masks = new HashSet<>(Set.of(0L));
        int[] open = new int[Window.MAX];
        long mask = 0;
        for (int i = 0; i < changes.size(); i++) {
            Change change = changes.get(i);
            open[change.window()] += change.opens() ? 1 : -1;
            long bit = 1L << change.window();
            mask = open[change.window()] > 0 ? mask | bit : mask & ~bit;
            boolean last = i + 1 == changes.size() || changes.get(i + 1).at().isAfter(change.at());
            if (last) {
                masks.add(mask);
            }
        }
        return largest(masks);
    }

    /** More open windows only help: of all masks those count that no other one covers. */
    private static Set<Long> largest(Set<Long> masks) {
        List<Long> ordered = new ArrayList<>(masks);
        ordered.sort(Comparator.comparingInt((Long mask) -> Long.bitCount(mask)).reversed());
        List<Long> kept = new ArrayList<>();
        for (long mask : ordered) {
            if (kept.stream().noneMatch(other -> (mask & ~other) == 0)) {
                kept.add(mask);
            }
        }
        return Set.copyOf(kept);
    }
}
