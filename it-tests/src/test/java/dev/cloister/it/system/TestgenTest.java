package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connectivity tests made from the examples' policies, run on this host. */
class TestgenTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static Finished generate(Cloister cloister, String example, String... more) throws Exception {
        Path policy = Cloister.root().resolve(Path.of("examples", example, "policy.json"));
        String[] args = new String[5 + more.length];
        System.arraycopy(new String[] {"policy", "testgen", policy.toString(), "--out", "tests"}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        return cloister.run(args);
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "emulated"})
    void theQuickstartConnectsWhatItsPolicySaysAndNothingElse(String engine) throws Exception {
        Json judged = generate(Cloister.fresh(), "quickstart", "--run", "--json", "--engine", engine)
                .expect(0)
                .json();
        assertThat(judged.flag("passed")).isTrue();
        assertThat(judged.get("coverage").number("pairs")).isEqualTo(12);
        assertThat(judged.get("coverage").number("pairsTested")).isEqualTo(12);
        assertThat(judged.get("coverage").number("flowsTested"))
                .isEqualTo(judged.get("coverage").number("flows"));
        assertThat(judged.get("checks").items())
                .anySatisfy(check -> {
                    assertThat(check.text("flow")).isEqualTo("alarm");
                    assertThat(check.text("seen")).isEqualTo("sender: sent, receiver: received");
                })
                .anySatisfy(check -> {
                    assertThat(check.text("actor")).isEqualTo("command");
                    assertThat(check.text("to")).isEqualTo("sensor");
                    assertThat(check.text("gate")).isEqualTo("declared");
                    assertThat(check.text("seen")).startsWith("refused: no flow command -> sensor");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hello",
                "red-black",
                "sensor-feed",
                "status-board",
                "build-farm",
                "chinese-wall",
                "cross-domain-gateway"
            })
    void everyExampleConnectsWhatItsPolicySaysAndNothingElse(String example) throws Exception {
        Json judged =
                generate(Cloister.fresh(), example, "--run", "--json").expect(0).json();
        Json coverage = judged.get("coverage");
        assertThat(judged.flag("passed")).isTrue();
        assertThat(coverage.number("pairsTested")).isEqualTo(coverage.number("pairs"));
        assertThat(coverage.number("flowsTested")
                        + coverage.get("untested").items().size())
                .as("flows used, or left out with a reason")
                .isEqualTo(coverage.number("flows"));
    }

    @Test
    void anExpectationThatIsWrongFails() throws Exception {
        Cloister cloister = Cloister.fresh();
        generate(cloister, "hello").expect(0);
        Path expected = cloister.folder().resolve("tests").resolve("expected.json");
        String right = Files.readString(expected);
        // The guest will be told no where this now says that it is told yes.
        String wrong = right.replaceFirst("\"expected\" : \"refused\"", "\"expected\" : \"granted\"");
        assertThat(wrong).isNotEqualTo(right);
        Files.writeString(expected, wrong);
        Finished judged = cloister.run("policy", "testgen", "--run", "tests").expect(1);
        assertThat(judged.out()).contains("FAILED check", "1 failed");
        assertThat(judged.out().lines().mapToInt(String::length)).allMatch(width -> width <= 80);
    }
}
