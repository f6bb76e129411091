package dev.cloister.it.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Host;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples as their pages say: what the guests say, and what the audit log holds. */
class ExampleRunsTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void theGatewayChecksWhatComesInAndCountsWhatGoesOut() throws Exception {
        ExampleRun run = ExampleRun.of("cross-domain-gateway");
        for (String net : List.of("a", "b")) {
            assertThat(run.said("check-" + net)).contains("check-" + net + ": passed 108, dropped 12");
            assertThat(run.said("archive-" + net))
                    .contains("archive-" + net + ": checked-" + net + " 108 messages, lost 0");
            assertThat(run.said("fusion")).contains("fusion: fused-" + net + " 108 messages, lost 0");
            assertThat(run.said("watch")).contains("watch: alarm-" + net + " rang");
        }
        // Twenty orders are marked. One display gets them all; two of them are more than the quota of their guard.
        assertThat(run.said("display-b1"))
                .filteredOn(line -> line.startsWith("released "))
                .hasSize(20)
                .first()
                .isEqualTo("released 00000002: 02000326");
        long released = run.said("display-a1").stream()
                        .filter(line -> line.startsWith("released "))
                        .count()
                + run.said("display-a2").stream()
                        .filter(line -> line.startsWith("released "))
                        .count();
        assertThat(released).isBetween(24L, 39L);
        assertThat(run.audited("quotaUsedUp", "guard release-a")).isNotEmpty();
        assertThat(run.audited("quotaUsedUp", "guard release-b")).isEmpty();
        assertThat(run.said("logger"))
                .anyMatch(line -> line.matches("logger: [0-9]+ audit records, .*lost to overrun 0"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "emulated"})
    void redBecomesBlackOnlyEnciphered(String engine) throws Exception {
        ExampleRun run = ExampleRun.of("red-black", engine);
        assertThat(run.said("black-net"))
                .contains("black-net: first block 497df3d0 72612cb5", "released 00000010: 00000010")
                .contains("black-net: passed 16, dropped 0")
                .noneMatch(line -> line.contains("41424344"));
        assertThat(run.said("header-bypass")).contains("header-bypass: passed 16, dropped 0");
        assertThat(run.said("red-reader"))
                .contains("red-reader: the test vector came through", "red-reader: passed 16, dropped 0");
        run.refusedNothing();
    }

    @Test
    void theFeedGoesOneWayAndMaintenanceHasItsHours() throws Exception {
        // The window of the calendar shall be closed, whatever day it is: only the one that counts from the start
        // opens.
        String another = LocalDate.now(ZoneId.of("Europe/Berlin"))
                .plusDays(3)
                .getDayOfWeek()
                .name()
                .substring(0, 3)
                .toLowerCase(Locale.ROOT);
        ExampleRun run = ExampleRun.with("sensor-feed", "[\"sun\"]", "[\"" + another + "\"]");
        assertThat(run.said("control"))
                .contains("control: feed 240 messages, lost 0", "control: twentieth rang")
                .contains("control: asked for a channel with sensor: refused: no flow control -> sensor of that kind is"
                        + " declared")
                .noneMatch(line -> line.contains("GRANTED"));
        assertThat(run.said("recorder")).contains("recorder: copy 240 messages, lost 0");
        assertThat(run.said("sensor")).contains("sensor: recalibrate rang");
        assertThat(run.said("maintenance"))
                .anyMatch(line -> line.matches(
                        "maintenance: rang [1-9][0-9]* times with the window open, [1-9][0-9]* with it closed"));
        assertThat(run.audited("\"event\":\"channelClose\"", "\"flow\":\"recalibrate\"", "window"))
                .isNotEmpty();
        assertThat(run.audited("\"event\":\"violation\"", "\"domain\":\"maintenance\"", "rate"))
                .isNotEmpty();
        assertThat(run.audited("\"event\":\"refusal\"", "\"domain\":\"control\""))
                .hasSize(1);
    }

    @Test
    void whatTheBoardAndTheKeeperMissIsCounted() throws Exception {
        ExampleRun run = ExampleRun.of("status-board");
        assertThat(run.said("keeper")).contains("keeper: logged \\x1b[2J\\x0dkeeper: all is well\\x0a");
        List<Long> states = numbers(run.said("board"), "board: ([0-9]+) states came, ([0-9]+) lost, malformed 0");
        assertThat(states.get(0) + states.get(1)).isEqualTo(160);
        assertThat(states.get(1)).isPositive();
        List<Long> lines = numbers(run.said("keeper"), "keeper: ([0-9]+) lines came, ([0-9]+) suppressed");
        assertThat(lines.get(0) + lines.get(1)).isEqualTo(162);
        assertThat(lines.get(1)).isPositive();
        run.refusedNothing();
    }

    /** The numbers in the one line that has this form. */
    private static List<Long> numbers(List<String> said, String form) {
        return said.stream()
                .map(Pattern.compile(form)::matcher)
                .filter(Matcher::matches)
                .findFirst()
                .map(found -> List.of(Long.valueOf(found.group(1)), Long.valueOf(found.group(2))))
                .orElseThrow(() -> new AssertionError("no line of the form " + form + " in " + said));
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "emulated"})
    void theWorkerIsThrownAwayAndItsArtefactsAreChecked(String engine) throws Exception {
        ExampleRun run = ExampleRun.of("build-farm", engine);
        assertThat(run.said("worker")).contains("worker: built 4, gone").noneMatch(line -> line.contains("REMEMBER"));
        assertThat(run.said("gate")).contains("gate: passed 9, dropped 3");
        assertThat(run.said("store")).contains("store: artefacts 9 messages, lost 0");
        assertThat(run.audited("\"event\":\"domainStart\"", "\"domain\":\"worker\""))
                .as("lives of the worker")
                .hasSize(3);
        assertThat(run.audited("\"event\":\"grant\"", "\"domain\":\"worker\"", "images/worker.elf"))
                .as("measured before each")
                .hasSizeGreaterThanOrEqualTo(3);
    }
}
