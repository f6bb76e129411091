package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Policies and images that are wrong: refused with the place and the reason, before anything runs. */
class BadInputsTest {
    private static final String GOOD = """
        {
          "version": 1,
          "name": "bad",
          "lattice": { "levels": ["low", "high"] },
          "domains": [
            {
              "id": "6c0c1f0e-0000-4000-8000-000000000001",
              "name": "red",
              "label": { "level": "high" },
              "image": { "kernel": { "path": "red.elf", "sha256": "%1$s" } },
              "memory": "8M"
            },
            {
              "id": "6c0c1f0e-0000-4000-8000-000000000002",
              "name": "black",
              "label": { "level": "low" },
              "image": { "kernel": { "path": "black.elf", "sha256": "%1$s" } },
              "memory": "8M"
            }
          ],
          "host": { "console": { "label": { "level": "high" } } },
          "flows": [
            { "name": "up", "from": "black", "to": "red", "kind": "event" }
          ]
        }
        """.formatted("a".repeat(64));

    /** What is wrong, the text that is replaced, its replacement, where the finding must be, and a part of what it must say. */
    static Stream<Arguments> policies() {
        return Stream.of(
                bad("no JSON", "\"version\": 1,", "\"version\": 1;", "bad.json:2:", ""),
                bad("a name twice", "\"version\": 1,", "\"version\": 1, \"version\": 1,", "bad.json:2:", "version"),
                bad("unknown version", "\"version\": 1", "\"version\": 2", "bad.json:2:14:", "1"),
                bad(
                        "unknown field",
                        "\"memory\": \"8M\"\n    },",
                        "\"memroy\": \"8M\"\n    },",
                        "bad.json:11:7:",
                        "\"memory\""),
                bad("missing field", ",\n      \"memory\": \"8M\"\n    },", "\n    },", "bad.json:6:5:", "memory"),
                bad("wrong type", "\"name\": \"red\"", "\"name\": 7", "bad.json:8:15:", "7"),
                bad(
                        "out of range",
                        "\"memory\": \"8M\"\n    },",
                        "\"memory\": \"8\"\n    },",
                        "bad.json:11:17:",
                        "1048576"),
                bad("no digest", "a".repeat(64), "a".repeat(63), "bad.json:10:", "sha256"),
                bad("unknown domain", "\"to\": \"red\"", "\"to\": \"rad\"", "bad.json:23:", "\"red\""),
                bad("unknown level", "\"level\": \"low\"", "\"level\": \"lower\"", "bad.json:16:", "\"low\""),
                bad("same name twice", "\"name\": \"black\"", "\"name\": \"red\"", "bad.json:15:", "red"),
                bad("same identity twice", "0002", "0001", "bad.json:14:", "0001"),
                bad(
                        "against the labels",
                        "\"from\": \"black\", \"to\": \"red\"",
                        "\"from\": \"red\", \"to\": \"black\"",
                        "bad.json:23:",
                        "lattice"),
                bad("unknown kind", "\"kind\": \"event\"", "\"kind\": \"events\"", "bad.json:23:", "\"event\""));
    }

    private static Arguments bad(String what, String from, String to, String at, String says) {
        assertThat(GOOD).contains(from);
        int index = GOOD.indexOf(from);
        return Arguments.of(what, GOOD.substring(0, index) + to + GOOD.substring(index + from.length()), at, says);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("policies")
    void malformedPolicyIsRefusedWithItsPlace(String what, String policy, String at, String says) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path file = Files.writeString(cloister.folder().resolve("bad.json"), policy);
        Finished end = cloister.run("up", file.toString()).expect(65);
        assertThat(end.err()).as(what).contains(at).contains(says);
        assertThat(cloister.state()).doesNotExist();
    }

    @Test
    void whatIsNoTextOrNoFileIsRefused() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path file = cloister.folder().resolve("bad.json");
        assertThat(cloister.run("up", file.toString()).expect(65).err()).contains("bad.json");
        Files.write(file, new byte[0]);
        assertThat(cloister.run("up", file.toString()).expect(65).err()).contains("bad.json:1:1");
        Files.write(file, GOOD.replace("\"bad\"", "\"b\u00e4d\"").getBytes(StandardCharsets.ISO_8859_1));
        assertThat(cloister.run("up", file.toString()).expect(65).err()).contains("bad.json:3:13:", "UTF-8");
        Files.writeString(file, "[".repeat(100_000));
        assertThat(cloister.run("up", file.toString()).expect(65).err())
                .contains("bad.json:1:")
                .doesNotContain("\tat ");
        assertThat(cloister.run("up", cloister.folder().toString()).expect(65).err())
                .doesNotContain("\tat ");
    }

    @Test
    void imageThatIsNotTheMeasuredOneKeepsItsDomainDownAndNobodyElse() throws Exception {
        Host.needsKvm();
        Cloister cloister = Cloister.fresh();
        Path clock = Guests.assemble(cloister.folder(), "ticker");
        Path policy = PolicyFile.in(cloister.folder(), "measured")
                .domain("good", clock)
                .domain("changed", clock, "ab".repeat(32))
                .write();
        try (Up up = Up.start(cloister, policy)) {
            Snapshot.DomainView changed = up.domain("changed");
            assertThat(changed.state()).isEqualTo("refused");
            assertThat(changed.pid()).isZero();
            assertThat(changed.note()).contains("ab".repeat(32)).contains(PolicyFile.sha256(clock));
            up.command().awaitOut("good      | tick 3");
            cloister.run("stop", "good").expect(0);
            up.command().await().expect(70);
        }
        assertThat(Files.readAllLines(cloister.auditLog("measured")))
                .filteredOn(line -> line.contains("\"event\":\"refusal\""))
                .singleElement()
                .asString()
                .contains("\"domain\":\"changed\"", "ab".repeat(32))
                .containsPattern("measured\\.json:[0-9]+:[0-9]+");
        cloister.run("audit", "verify").expect(0);
    }

    @Test
    void truncatedImagesAreRefusedWithWhatIsMissing() throws Exception {
        Host.needsKvm();
        Cloister cloister = Cloister.fresh();
        byte[] elf = Files.readAllBytes(Guests.assemble(cloister.folder(), "ticker"));
        // Within the ELF header, within the program headers, within what the last segment loads.
        for (int length : new int[] {40, 70, elf.length - 1}) {
            Path cut = cloister.folder().resolve("cut" + length + ".elf");
            Files.write(cut, Arrays.copyOf(elf, length));
            Finished end = cloister.run("run", "--kernel", cut.toString(), "--memory", "16M")
                    .expect(65);
            assertThat(end.err()).containsIgnoringCase("offset").doesNotContain("\tat ");
        }
    }

    @Test
    void domainWithAnUnloadableImageEndsAloneWithTheReason() throws Exception {
        Host.needsKvm();
        Cloister cloister = Cloister.fresh();
        Path clock = Guests.assemble(cloister.folder(), "ticker");
        Path policy = PolicyFile.in(cloister.folder(), "cut")
                .domain("good", clock)
                .domain("broken", cut(cloister, clock))
                .write();
        try (Up up = Up.start(cloister, policy)) {
            Snapshot state = up.until(s -> Up.domain(s, "broken").state().equals("exited"), "the end of broken");
            assertThat(Up.domain(state, "broken").exitCode()).isEqualTo(65);
            up.command().awaitOut("good      | tick 3");
            up.shutdown().expect(70);
        }
        assertThat(Files.readString(cloister.auditLog("cut"))).contains("exit code 65");
    }

    private static Path cut(Cloister cloister, Path image) throws IOException {
        return Files.write(cloister.folder().resolve("broken.img"), Arrays.copyOf(Files.readAllBytes(image), 200));
    }
}
