package dev.cloister.policy.reference;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Windows, literally: a calendar window is the set of local times in it; a relative one is measured from the load. */
final class ReferenceClock {
    private static final Map<String, Long> UNITS = Map.of(
            "ms",
            1_000_000L,
            "s",
            1_000_000_000L,
            "m",
            60_000_000_000L,
            "h",
            3_600_000_000_000L,
            "d",
            86_400_000_000_000L);

    private final List<Map<String, Object>> windows;
    private final Instant loaded;

    ReferenceClock(List<Map<String, Object>> windows, Instant loaded) {
        this.windows = windows;
        this.loaded = loaded;
    }

    /** Names of the open windows. */
    Set<String> open(Instant now) {
        Set<String> open = new HashSet<>();
        for (Map<String, Object> window : windows) {
            boolean relative = window.containsKey("after") || window.containsKey("for");
            if (relative ? relative(window, now) : calendar(window, now)) {
                open.add(Doc.string(window, "name"));
            }
        }
        return open;
    }

    /** Every instant in (from, to] at which something may open or close: whole minutes, and the borders of relative windows. */
    Set<Instant> moments(Instant from, Instant to) {
        TreeSet<Instant> moments = new TreeSet<>();
        if (windows.isEmpty()) {
            return moments;
        }
        for (long minute = from.getEpochSecond() / 60; minute * 60 <= to.getEpochSecond(); minute++) {
            moments.add(Instant.ofEpochSecond(minute * 60));
        }
        for (Map<String, Object> window : windows) {
            Instant opens = loaded.plusNanos(nanos(Doc.string(window, "after")));
            moments.add(opens);
            moments.add(opens.plusNanos(nanos(Doc.string(window, "for"))));
        }
        moments.removeIf(moment -> !moment.isAfter(from) || moment.isAfter(to));
        return moments;
    }

    private boolean relative(Map<String, Object> window, Instant now) {
        Instant opens = loaded.plusNanos(nanos(Doc.string(window, "after")));
        boolean ended = window.containsKey("for") && !now.isBefore(opens.plusNanos(nanos(Doc.string(window, "for"))));
        return !now.isBefore(opens) && !ended;
    }

    private static boolean calendar(Map<String, Object> window, Instant now) {
        LocalDateTime local = LocalDateTime.ofInstant(now, ZoneId.of(Doc.string(window, "zone")));
        return spanBegunOn(window, local.toLocalDate(), local)
                || spanBegunOn(window, local.toLocalDate().minusDays(1), local);
    }

    private static boolean spanBegunOn(Map<String, Object> window, LocalDate day, LocalDateTime local) {
        if (!days(window).contains(day.getDayOfWeek())
                || date(window, "notBefore").filter(day::isBefore).isPresent()
                || date(window, "notAfter").filter(day::isAfter).isPresent()) {
            return false;
        }
        LocalDateTime begin = day.atTime(time(window, "from"));
        LocalDateTime end = day.atTime(time(window, "to"));
        LocalDateTime last = end.isAfter(begin) ? end : end.plusDays(1);
        return !local.isBefore(begin) && local.isBefore(last);
    }

    private static Set<DayOfWeek> days(Map<String, Object> window) {
        List<String> named = Doc.strings(window, "days");
        Set<DayOfWeek> days = new HashSet<>();
        for (DayOfWeek day : DayOfWeek.values()) {
            if (named.isEmpty() || named.contains(day.toString().substring(0, 3).toLowerCase(java.util.Locale.ROOT))) {
                days.add(day);
            }
        }
        return days;
    }

    private static LocalTime time(Map<String, Object> window, String field) {
        return window.containsKey(field) ? LocalTime.parse(Doc.string(window, field)) : LocalTime.MIDNIGHT;
    }

    private static Optional<LocalDate> date(Map<String, Object> window, String field) {
        return window.containsKey(field) ? Optional.of(LocalDate.parse(Doc.string(window, field))) : Optional.empty();
    }

    /** A duration such as {@code 10m}; none is nothing. */
    static long nanos(String duration) {
        if (duration.isEmpty()) {
            return 0;
        }
        String unit = duration.replaceAll("[0-9]", "");
        return Long.parseLong(duration.substring(0, duration.length() - unit.length())) * Doc.get(UNITS, unit);
    }
}
