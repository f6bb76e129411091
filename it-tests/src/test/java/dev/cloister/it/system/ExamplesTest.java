package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.policy.reference.LogCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The two examples as the README tells a stranger to start them. */
class ExamplesTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    /** The engines, as {@code --engine} takes them, and what then runs the domains. */
    static Stream<Arguments> engines() {
        return Stream.of(arguments("auto", "direct"), arguments("emulated", "emulated"));
    }

    private static Path example(String name) {
        return Cloister.root().resolve(Path.of("examples", name, "policy.json"));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void helloSaysHelloAndEnds(String engine) throws Exception {
        Cloister cloister = Cloister.fresh();
        Finished end = cloister.run("up", example("hello").toString(), "--engine", engine)
                .expect(0);
        assertThat(end.out()).contains("hello from hello: one domain, one console, nothing else");
        cloister.run("audit", "verify").expect(0);
    }

    @ParameterizedTest
    @MethodSource("engines")
    void quickstartMovesReadingsThroughTheGuardAndRefusesTheRest(String engine, String used) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path report = cloister.folder().resolve("report.json");
        Finished end = cloister.run(
                        "up",
                        example("quickstart").toString(),
                        "--engine",
                        engine,
                        "--timeout",
                        "80s",
                        "--report",
                        report.toString())
                .expect(0);
        console(end.out());
        report(Json.read(report), used);
        audit(cloister);
        LogCheck.Result checked = LogCheck.check(cloister.auditLog("quickstart"), example("quickstart"));
        assertThat(checked.differences())
                .as("decisions that the reference would make otherwise")
                .isEmpty();
        assertThat(checked.decisions()).isGreaterThan(8);
        cloister.run(
                        "policy",
                        "replay",
                        cloister.auditLog("quickstart").toString(),
                        "--policy",
                        example("quickstart").toString())
                .expect(0);
    }

    private static void console(String out) {
        assertThat(out)
                .contains("sensor: 200 readings", "sensor: done")
                .contains("guard: passed 180, dropped 20, lost to overrun 0")
                .contains("guard reports: passed 180, dropped 020")
                .contains("command: wrote my inbound memory: nothing changed")
                .doesNotContain("WROTE", "GRANTED")
                .contains("command: refused: ")
                .contains("command: end after 180 readings, lost to overrun 0")
                .containsPattern(
                        "logger: [0-9]+ audit records, [1-9][0-9]* refusals, [1-9][0-9]* violations, lost to overrun"
                                + " 0");
    }

    private static void report(Json report, String engine) {
        for (String domain : List.of("sensor", "guard", "command", "logger")) {
            assertThat(report.get("reports").get(domain).text("outcome")).isEqualTo("powered-off");
        }
        assertThat(report.get("reports").get("command").number("violations")).isEqualTo(1);
        Json state = report.get("daemon").get("snapshot");
        assertThat(state.text("policy")).isEqualTo("quickstart");
        assertThat(state.get("domains").items()).hasSize(4).allSatisfy(domain -> {
            assertThat(domain.text("state")).isEqualTo("exited");
            assertThat(domain.number("exitCode")).isZero();
            assertThat(domain.text("engine")).isEqualTo(engine);
            assertThat(domain.number("exits")).isPositive();
        });
        assertThat(state.get("domains").named("command").number("refusals")).isEqualTo(1);
        assertThat(state.get("domains").named("command").number("violations")).isEqualTo(1);
        assertThat(state.get("domains").named("sensor").number("violations")).isZero();
        // 200 readings and the end; the guard passes on 180 and the end.
        assertThat(state.get("flows").named("readings").number("units")).isEqualTo(201);
        assertThat(state.get("flows").named("cleared").number("units")).isEqualTo(181);
        assertThat(state.get("flows").named("alarm").number("units")).isEqualTo(20);
        assertThat(state.get("flows").named("reports").number("units")).isPositive();
    }

    private static void audit(Cloister cloister) throws Exception {
        assertThat(cloister.run("audit", "verify", "quickstart").expect(0).out())
                .contains("whole");
        List<String> log = Files.readAllLines(cloister.auditLog("quickstart"));
        assertThat(log)
                .filteredOn(line -> line.contains("\"event\":\"violation\""))
                .hasSize(1)
                .allSatisfy(line -> assertThat(line).contains("\"domain\":\"command\""));
        assertThat(log)
                .filteredOn(line -> line.contains("\"event\":\"refusal\""))
                .hasSize(1)
                .allSatisfy(line -> assertThat(line)
                        .contains("\"domain\":\"command\"")
                        .containsPattern("policy\\.json:[0-9]+:[0-9]+"));
    }
}
