package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.When;
import dev.cloister.policy.model.Window;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Reads the windows of time, then the references to them. */
final class WindowReader {
    private static final List<String> CALENDAR = List.of("zone", "days", "from", "to", "notBefore", "notAfter");
    private static final List<String> RELATIVE = List.of("after", "for");
    private static final Set<String> FIELDS =
            Set.of("name", "zone", "days", "from", "to", "notBefore", "notAfter", "after", "for");
    private static final TextForm CLOCK =
            new TextForm(Pattern.compile("([01][0-9]|2[0-3]):[0-5][0-9]"), "a time of day such as \"08:00\"");
    private static final String ZONE_WORDS = "a zone of the tz database such as \"Europe/Berlin\" or \"UTC\"";
    private static final long LONGEST = TimeUnit.DAYS.toNanos(36_500);
    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(1);

    private final Names names = new Names("window");
    private final List<Window> windows = new ArrayList<>();

    /** Reads the windows of a policy or of a fragment. */
    void read(Fields file) {
        for (Json item : file.items("windows", false, Window.MAX)) {
            if (windows.size() == Window.MAX) {
                file.error(FindingId.OUT_OF_RANGE, item, "too many windows", "at most " + Window.MAX, "");
                return;
            }
            windows.add(window(file.open(item, "a window", FIELDS)));
        }
    }

    List<Window> windows() {
        return windows;
    }

    private Window window(Fields fields) {
        String name = fields.text("name", TextForm.NAME);
        fields.optional("name").ifPresent(at -> names.add(name, at, fields.problems()));
        boolean relative = RELATIVE.stream().anyMatch(fields::has);
        boolean calendar = CALENDAR.stream().anyMatch(fields::has);
        if (relative && calendar) {
            CALENDAR.forEach(field -> fields.optional(field)
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "a window that is measured from the load has no \"" + field + "\"",
                            "either \"after\" and \"for\", or times of the calendar",
                            "make it two windows")));
        } else if (!relative && !calendar) {
            fields.missing("zone", "\"zone\" and times of the calendar, or \"after\" and \"for\"");
        }
        return relative ? relative(fields, name) : calendar(fields, name, calendar);
    }

    private Window relative(Fields fields, String name) {
        long after = fields.duration("after", 0, LONGEST, 0);
        Optional<Duration> length =
                fields.optional("for").map(_ -> Duration.ofNanos(fields.duration("for", SHORTEST, LONGEST)));
        return new Window.Relative(windows.size(), name, Duration.ofNanos(after), length, fields.position());
    }

    private Window calendar(Fields fields, String name, boolean stated) {
        return new Window.Calendar(
                windows.size(),
                name,
                stated ? zone(fields) : ZoneOffset.UTC,
                days(fields),
                time(fields, "from"),
                time(fields, "to"),
                fields.date("notBefore"),
                fields.date("notAfter"),
                fields.position());
    }

    private static ZoneId zone(Fields fields) {
        Optional<Json> json = fields.required("zone");
        if (json.isEmpty()) {
            return ZoneOffset.UTC;
        }
        if (!(json.get() instanceof Json.Text text)) {
            fields.wrongType(json.get(), "zone", ZONE_WORDS);
            return ZoneOffset.UTC;
        }
        Set<String> known = ZoneId.getAvailableZoneIds();
        if (!known.contains(text.value())) {
            fields.malformed(json.get(), "zone", ZONE_WORDS, fields.problems().nearest(text.value(), known));
            return ZoneOffset.UTC;
        }
        return ZoneId.of(text.value());
    }

    private static Set<DayOfWeek> days(Fields fields) {
        Optional<Json> json = fields.optional("days");
        if (json.isEmpty()) {
            return EnumSet.allOf(DayOfWeek.class);
        }
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (Json item : fields.someItems(json.get(), "days", DayOfWeek.values().length)) {
            fields.choice(item, "days", DayOfWeek.values(), WindowReader::shortName)
                    .filter(day -> !days.add(day))
                    .ifPresent(_ ->
                            fields.error(FindingId.DUPLICATE, item, "the day is named twice", "each day once", ""));
        }
        return days;
    }

    private static String shortName(DayOfWeek day) {
        return day.name().substring(0, 3).toLowerCase(Locale.ROOT);
    }

    private static LocalTime time(Fields fields, String field) {
        String text = fields.text(field, CLOCK, "");
        return text.isEmpty() ? LocalTime.MIDNIGHT : LocalTime.parse(text);
    }

    /** Reads when something is allowed: always, or while one of the windows named is open. */
    When when(Fields owner) {
        long bits = bits(owner);
        return bits == 0 ? When.ALWAYS : When.ALWAYS.and(bits);
    }

    /** Reads the windows named: bit {@code i} set for window {@code i}; 0 where none is. */
    long bits(Fields owner) {
        Optional<Json> json = owner.optional("when");
        long bits = 0;
        if (json.isPresent()) {
            for (Json item : owner.oneOrMore(json.get(), "when", Window.MAX)) {
                bits |= 1L << names.number(owner.text(item, "when", TextForm.NAME), item, owner.problems());
            }
        }
        return bits;
    }
}
