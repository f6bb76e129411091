package dev.cloister.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What check, schedule and graph print and return. */
class PolicyPrintingTest {
    private static final String EXAMPLES = "../docs/analyses/examples/";

    private record Ended(int code, String out, String err) {}

    private static Ended run(Callable<Integer> command, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(args);
        return new Ended(code, out.toString(), err.toString());
    }

    @Test
    void checkExitsByWhatItFound() {
        assertThat(run(new CheckCommand(), EXAMPLES + "CLP028.json").code()).isZero();
        assertThat(run(new CheckCommand(), EXAMPLES + "CLP040.json").code()).isEqualTo(65);
        Ended unreadable = run(new CheckCommand(), EXAMPLES + "CLP002.json");
        assertThat(unreadable.code()).isEqualTo(65);
        assertThat(unreadable.out()).contains("CLP002", "can't be loaded");
    }

    @Test
    void severityHidesWhatIsLessSevereAndSaysSo() {
        Ended all = run(new CheckCommand(), EXAMPLES + "CLP026.json");
        assertThat(all.out()).contains("note CLP030", "warning CLP026").doesNotContain("not shown");
        Ended some = run(new CheckCommand(), "--severity", "warning", EXAMPLES + "CLP026.json");
        assertThat(some.out()).contains("warning CLP026", "not shown").doesNotContain("note CLP030");
    }

    @Test
    void theDayDecidesWhatIsOver() {
        assertThat(run(new CheckCommand(), "--as-of", "2027-01-01", EXAMPLES + "CLP060.json")
                        .out())
                .contains("warning CLP060");
        assertThat(run(new CheckCommand(), "--as-of", "2026-01-01", EXAMPLES + "CLP060.json")
                        .out())
                .doesNotContain("warning CLP060");
    }

    @Test
    void jsonHasTheFindingsWithTheirWitness() {
        Ended end = run(new CheckCommand(), "--json", EXAMPLES + "CLP080.json");
        assertThat(end.code()).isEqualTo(65);
        assertThat(end.out())
                .contains("\"passed\" : false", "\"id\" : \"CLP080\"", "\"witness\" : [", "\"by\" : \"one\"")
                .contains("\"analysis\" : \"assertions\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CLP040", "CLP051", "CLP062", "CLP112", "CLP130", "CLP002", "CLP090"})
    void everythingFitsEightyColumns(String code) {
        Ended check = run(new CheckCommand(), EXAMPLES + code + ".json");
        assertThat(check.out().lines().filter(line -> !line.startsWith("digest")))
                .allMatch(line -> line.length() <= 80);
    }

    @Test
    void scheduleDrawsEachCpuToScale() {
        Ended end = run(new ScheduleCommand(), EXAMPLES + "CLP113.json");
        assertThat(end.code()).isEqualTo(65);
        assertThat(end.out().lines().toList())
                .contains("major frame normal")
                .contains("CPU 0 |red" + "=".repeat(45) + "|" + ".".repeat(23) + "|")
                .contains("CPU 1 |" + ".".repeat(23) + "|red" + "=".repeat(45) + "|");
        assertThat(end.out()).contains("CLP113", "133.3%", "the schedule can't be enforced");
    }

    @Test
    void aSoundScheduleIsCalledSoAndNoneIsNoFault() throws Exception {
        Ended none = run(new ScheduleCommand(), EXAMPLES + "CLP040.json");
        assertThat(none.code()).isZero();
        assertThat(none.out()).contains("no schedule");
        Ended json = run(new ScheduleCommand(), "--json", EXAMPLES + "CLP112.json");
        assertThat(json.out())
                .contains("\"sound\" : false", "\"longestWaitNanos\" : 10000000", "\"cycleNanos\" : 20000000");
    }

    @Test
    void graphTakesItsFormatFromTheName(@TempDir Path folder) throws Exception {
        Path page = folder.resolve("p.html");
        Ended end = run(new GraphCommand(), "-o", page.toString(), "--json", EXAMPLES + "CLP040.json");
        assertThat(end.code()).isZero();
        assertThat(end.out()).contains("\"format\" : \"html\"", "\"endpoints\" : 2");
        assertThat(Files.readString(page)).startsWith("<!doctype html>");
        assertThat(run(new GraphCommand(), EXAMPLES + "CLP040.json").out()).startsWith("digraph");
        assertThat(run(new GraphCommand(), "--format", "svg", EXAMPLES + "CLP040.json")
                        .out())
                .startsWith("<svg");
    }
}
