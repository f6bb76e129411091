package dev.cloister.policy.model;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tells which windows of a policy are open. Immutable and without a clock of its own: whoever asks says when.
 */
public final class WindowClock {
    private static final long ALL_DAY_SECONDS = 86_400;

    private final List<Window> windows;
    private final Instant loaded;

    /**
     * Makes the clock of a policy.
     *
     * @param windows the policy's windows
     * @param loaded when the policy was loaded
     */
    public WindowClock(List<Window> windows, Instant loaded) {
        this.windows = List.copyOf(windows);
        this.loaded = loaded;
    }

    /** Returns a mask: bit {@code i} is set while window {@code i} is open. */
    public long openAt(Instant now) {
        long mask = 0;
        for (Window window : windows) {
            if (open(window, now)) {
                mask |= 1L << window.index();
            }
        }
        return mask;
    }

    /** Returns whether one window is open. */
    public boolean open(Window window, Instant now) {
        return switch (window) {
            case Window.Calendar calendar -> open(calendar, now.atZone(calendar.zone()));
            case Window.Relative relative -> {
                Instant opens = loaded.plus(relative.after());
                yield !now.isBefore(opens)
                        && relative.length().map(opens::plus).map(now::isBefore).orElse(true);
            }
        };
    }

    /**
     * Returns the first instant after {@code now} at which the mask may differ; empty if it never will. Windows of the calendar
     * are looked at for a day ahead: where none changes, the answer is the end of that day.
     */
    public Optional<Instant> nextChange(Instant now) {
        return windows.stream()
                .flatMap(window -> candidates(window, now).stream())
                .filter(instant -> instant.isAfter(now))
                .min(Instant::compareTo);
    }

    private List<Instant> candidates(Window window, Instant now) {
        return switch (window) {
            case Window.Calendar calendar -> calendarCandidates(calendar, now);
            case Window.Relative relative -> {
                Instant opens = loaded.plus(relative.after());
                yield relative.length().map(l -> List.of(opens, opens.plus(l))).orElse(List.of(opens));
            }
        };
    }

    private static List<Instant> calendarCandidates(Window.Calendar calendar, Instant now) {
        List<Instant> list = new ArrayList<>();
        ZonedDateTime local = now.atZone(calendar.zone());
        LocalDate today = local.toLocalDate();
        // Yesterday too: where the clock is set back, its local times come again.
        for (int day = -1; day <= 1; day++) {
            LocalDate date = today.plusDays(day);
            add(list, date.atTime(calendar.from()), calendar.zone());
            add(list, date.atTime(calendar.to()), calendar.zone());
        }
        ZoneOffsetTransition shift = calendar.zone().getRules().nextTransition(now);
        if (shift != null) {
            list.add(shift.getInstant());
        }
        list.add(now.plusSeconds(ALL_DAY_SECONDS));
        return list;
    }

    /** A local time is one instant, or two where the clock is set back over it, or the end of the gap. */
    private static void add(List<Instant> list, LocalDateTime at, ZoneId zone) {
        for (ZoneOffset offset : zone.getRules().getValidOffsets(at)) {
            list.add(at.toInstant(offset));
        }
    }

    private static boolean open(Window.Calendar calendar, ZonedDateTime local) {
        LocalTime time = local.toLocalTime();
        LocalDate today = local.toLocalDate();
        boolean wraps = !calendar.to().isAfter(calendar.from());
        if (!wraps) {
            return begins(calendar, today) && !time.isBefore(calendar.from()) && time.isBefore(calendar.to());
        }
        return begins(calendar, today) && !time.isBefore(calendar.from())
                || begins(calendar, today.minusDays(1)) && time.isBefore(calendar.to());
    }

    private static boolean begins(Window.Calendar calendar, LocalDate day) {
        return calendar.days().contains(day.getDayOfWeek())
                && calendar.notBefore().map(first -> !day.isBefore(first)).orElse(true)
                && calendar.notAfter().map(last -> !day.isAfter(last)).orElse(true);
    }
}
