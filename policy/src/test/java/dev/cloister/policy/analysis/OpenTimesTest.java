package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.Window;
import dev.cloister.policy.model.WindowClock;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OpenTimesTest {
    private static final SourcePosition AT = new SourcePosition("p.json", 1, 1);
    private static final Instant NOW = Instant.parse("2026-11-21T00:00:00Z");
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final List<ZoneId> ZONES = List.of(
            BERLIN, ZoneId.of("America/New_York"), ZoneId.of("Australia/Lord_Howe"), ZoneId.of("Africa/Casablanca"));

    private static Window on(LocalDate day, String from, String to) {
        return new Window.Calendar(
                0,
                "w",
                BERLIN,
                EnumSet.allOf(DayOfWeek.class),
                LocalTime.parse(from),
                LocalTime.parse(to),
                Optional.of(day),
                Optional.of(day),
                AT);
    }

    private static boolean opens(Window window) {
        return OpenTimes.from(List.of(window), NOW).together(List.of(1L));
    }

    @Test
    void timesThatAChangeOfTheClockSkipsNeverCome() {
        // On 28 March 2027 clocks in Berlin go from 02:00 to 03:00.
        LocalDate change = LocalDate.of(2027, 3, 28);
        assertThat(opens(on(change, "02:10", "02:50"))).isFalse();
        assertThat(opens(on(change, "02:10", "03:00"))).isFalse();
        assertThat(opens(on(change, "02:10", "03:01"))).isTrue();
        assertThat(opens(on(change.plusDays(1), "02:10", "02:50"))).isTrue();
    }

    @Test
    void aWindowOfThePastOpensNoMoreButOneThatBeganMay() {
        assertThat(opens(on(LocalDate.of(2026, 11, 19), "00:00", "12:00"))).isFalse();
        // It begins on the day before and lasts past midnight, UTC.
        assertThat(opens(on(LocalDate.of(2026, 11, 20), "22:00", "06:00"))).isTrue();
    }

    @Test
    void relativeWindowsKeepTheirOrderWhateverTheTimeOfTheLoad() {
        Window early = new Window.Relative(0, "early", Duration.ZERO, Optional.of(Duration.ofMinutes(10)), AT);
        Window late = new Window.Relative(1, "late", Duration.ofMinutes(10), Optional.empty(), AT);
        OpenTimes times = OpenTimes.from(List.of(early, late), NOW);
        assertThat(times.together(List.of(0b01L, 0b10L))).isFalse();
        assertThat(times.together(List.of(0b11L, 0b10L))).isTrue();
    }

    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    /** Whatever the clock of the daemon ever finds open together, is found; nothing else is, as far as a fine sample tells. */
    @ParameterizedTest
    @MethodSource("seeds")
    void agreesWithTheClock(long seed) {
        Random random = new Random(seed);
        List<Window> windows = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            windows.add(random(random, i));
        }
        OpenTimes times = OpenTimes.from(windows, NOW);
        WindowClock clock = new WindowClock(windows, NOW);
        long[] together = new long[8];
        for (Instant at = NOW; at.isBefore(NOW.plus(OpenTimes.AHEAD)); at = at.plusSeconds(900)) {
            long open = clock.openAt(at);
            for (int set = 1; set < together.length; set++) {
                together[set] |= (open & set) == set ? 1 : 0;
            }
        }
        for (int set = 1; set < together.length; set++) {
            List<Long> lists = LongStream.of(1, 2, 4).filter(bit(set)).boxed().toList();
            assertThat(times.together(lists))
                    .as("seed %d, windows %s, set %d", seed, windows, set)
                    .isEqualTo(together[set] != 0);
        }
    }

    private static java.util.function.LongPredicate bit(int set) {
        return bit -> (set & bit) != 0;
    }

    /** Times on quarter hours, so that the sample meets every change. */
    private static Window random(Random random, int index) {
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (int i = 0; i <= random.nextInt(3); i++) {
            days.add(DayOfWeek.of(1 + random.nextInt(7)));
        }
        LocalDate first = LocalDate.of(2026, 11, 1).plusDays(random.nextInt(200));
        return new Window.Calendar(
                index,
                "w" + index,
                ZONES.get(random.nextInt(ZONES.size())),
                days,
                LocalTime.of(random.nextInt(24), 15 * random.nextInt(4)),
                LocalTime.of(random.nextInt(24), 15 * random.nextInt(4)),
                random.nextBoolean() ? Optional.of(first) : Optional.empty(),
                random.nextBoolean() ? Optional.of(first.plusDays(random.nextInt(9))) : Optional.empty(),
                AT);
    }
}
