package dev.cloister.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code policy model}: exit codes, and what is printed and written. */
class PolicyModelCommandTest extends PolicyCommandRunner {
    private static final String DOMAIN = """
        {"id": "3d0f6b52-8c1e-4f7a-b1b0-6a5e9d2c000%d", "name": "%s", "label": {"level": "low"}, "memory": "4M",
         "image": {"kernel": {"path": "a.elf", "sha256": "%s"}}}\
        """;
    private static final String POLICY =
            """
            {"version": 1, "name": "p", "lattice": {"levels": ["low"]},
             "domains": [%s, %s],
             "flows": [{"name": "words", "from": "one", "to": "other", "kind": "event"}]}
            """.formatted(DOMAIN.formatted(1, "one", "ab".repeat(32)), DOMAIN.formatted(2, "other", "ab".repeat(32)));

    @TempDir
    private Path folder;

    private Path policy;

    @BeforeEach
    void write() throws IOException {
        policy = Files.writeString(folder.resolve("p.json"), POLICY);
    }

    @Test
    void printsTheModule() {
        assertThat(run("model", policy)).isEqualTo(ExitCodes.OK);
        assertThat(out)
                .contains("one sig D_one extends Domain {}", "F_words -> D_one", policy + ":")
                .contains("check granted_words { granted[F_words] } for 0");
    }

    @Test
    void writesTheSameToAFile() throws IOException {
        run("model", policy);
        String printed = out;
        Path module = folder.resolve("p.als");

        assertThat(run("model", policy, "-o", module)).isEqualTo(ExitCodes.OK);
        assertThat(out).isEmpty();
        assertThat(module).hasContent(printed);
    }

    @Test
    void listsTheQuestions() {
        Path module = folder.resolve("p.als");

        assertThat(run("model", policy, "-o", module, "--json")).isEqualTo(ExitCodes.OK);
        assertThat(out).containsPattern("\"command\" ?: ?\"granted_words\"").doesNotContain("\"module\"");
        assertThat(run("model", policy, "--json")).isEqualTo(ExitCodes.OK);
        assertThat(out).containsPattern("\"module\" ?: ?\"");
    }

    @Test
    void refusesWhatIsNoPolicy() throws IOException {
        Files.writeString(policy, "{}");

        assertThat(run("model", policy)).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(err).contains("the policy can't be loaded");
        assertThat(out).isEmpty();
    }

    @Test
    void saysWhatItCanNotWrite() {
        assertThat(run("model", policy, "-o", folder.resolve("no/such/p.als"))).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(err).contains("can't write", "p.als");
    }
}
