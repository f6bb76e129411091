package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.SourcePosition;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyLoaderTest {
    @TempDir
    Path folder;

    @Test
    void compilesWhatIsDeclared() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        assertThat(policy.domains()).extracting(Domain::name).containsExactly("sensor", "guard", "command", "logger");
        assertThat(policy.endpoint("@console").orElseThrow().index()).isEqualTo(5);
        assertThat(policy.domains().getFirst().memory().bytes()).isEqualTo(16 << 20);
        assertThat(policy.domains().getFirst().image().kernel().orElseThrow().resolved())
                .isEqualTo(Path.of("/policies/sensor.elf"));
        assertThat(policy.lattice().format(policy.domains().get(2).label())).isEqualTo("secret{ops}");
        int[] ends = Samples.ends(policy, "guard", "command");
        assertThat(policy.flow(policy.findFlow(ends[0], ends[1], FlowKind.EVENT))
                        .name())
                .isEqualTo("bell");
        assertThat(policy.findFlow(ends[1], ends[0], FlowKind.EVENT)).isEqualTo(Policy.NO_FLOW);
        assertThat(policy.flow("readings").orElseThrow().windowBytes()).isEqualTo(0x10000);
        assertThat(policy.flowsOf(policy.domains().get(3)))
                .extracting(Flow::name)
                .containsExactly("report", "audit", "tty");
        assertThat(policy.domain(policy.domains().get(1).id()).orElseThrow().name())
                .isEqualTo("guard");
        assertThat(policy.requestRate().perSecond()).isEqualTo(10);
        int[] place = Samples.place(Samples.VALID, "{\"name\": \"bell\"");
        assertThat(policy.flow("bell").orElseThrow().position())
                .isEqualTo(new SourcePosition("p.json", place[0], place[1]));
    }

    @Test
    void loadsAFileWithTheDigestOfItsBytes() throws Exception {
        Path file = folder.resolve("policy.json");
        Files.writeString(file, "{}");
        assertThatThrownBy(() -> PolicyLoader.load(file)).hasMessageContaining("lacks the field \"version\"");
        Files.writeString(file, Samples.VALID);
        Policy policy = PolicyLoader.load(file);
        assertThat(policy.digest())
                .hasSize(64)
                .isEqualTo(PolicyLoader.parse(file).digest());
        assertThat(policy.domains().getFirst().image().kernel().orElseThrow().resolved())
                .isEqualTo(folder.resolve("sensor.elf"));
        assertThat(policy.position().toString()).isEqualTo(file + ":1:1");
    }

    @Test
    void reportsAFileThatIsNotThere() {
        PolicyException e = failure(() -> PolicyLoader.load(folder.resolve("none.json")));
        assertThat(e.problems()).extracting(problem -> problem.id().code()).containsExactly("CLP001");
        assertThat(failure(() -> PolicyLoader.load(folder)).problems())
                .extracting(problem -> problem.id().code())
                .containsExactly("CLP001");
    }

    @Test
    void reportsEveryProblemAtOnce() {
        String text = Samples.VALID
                .replace("\"16M\", \"cpus\": 2", "\"16Q\", \"cpus\": 0")
                .replace("\"to\": \"logger\", \"kind\": \"stream\"", "\"to\": \"loger\", \"kind\": \"strem\"")
                .replace("\"onFull\"", "\"onFul\"");
        PolicyException e = failure(() -> Samples.parse(text));
        assertThat(e.problems())
                .extracting(problem -> problem.id().code())
                .containsExactly("CLP007", "CLP008", "CLP011", "CLP007", "CLP004");
        Problem dangling = e.problems().get(2);
        int[] place = Samples.place(text, "\"loger\"");
        assertThat(dangling.line()).isEqualTo(place[0]);
        assertThat(dangling.column()).isEqualTo(place[1]);
        assertThat(dangling.suggestion()).isEqualTo("did you mean \"logger\"?");
        assertThat(e.getMessage()).contains("p.json:" + place[0] + ":" + place[1] + ": error CLP011: ");
    }

    static Stream<Arguments> bad() {
        return BadPolicies.all().stream().map(bad -> arguments(bad.what(), bad));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void refusesBadPolicies(String what, BadPolicies.Bad bad) {
        PolicyException e = failure(() -> {
            Policy policy = Samples.parse(bad.text());
            throw new PolicyException(PolicyCheck.check(policy).findings());
        });
        assertThat(e.problems().stream().filter(Problem::isError))
                .as(what)
                .extracting(problem -> problem.id().code())
                .contains(bad.id());
        Problem problem = e.problems().stream()
                .filter(p -> p.id().code().equals(bad.id()) && p.isError())
                .findFirst()
                .orElseThrow();
        assertThat(problem.message()).isNotEmpty();
        if (!bad.at().isEmpty()) {
            int[] place = Samples.place(bad.text(), bad.at());
            assertThat(List.of(problem.line(), problem.column())).containsExactly(place[0], place[1]);
        }
        if (!bad.suggestion().isEmpty()) {
            assertThat(problem.suggestion()).contains(bad.suggestion());
        }
    }

    @Test
    void boundsDepthSizeAndFindings() {
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            assertThat(ids("[".repeat(100_000))).containsExactly("CLP002");
            assertThat(ids("{\"a\":".repeat(100_000))).containsExactly("CLP002");
            assertThat(ids(" ".repeat(JsonTree.MAX_BYTES + 1))).containsExactly("CLP001");
            assertThat(ids("[" + "1,".repeat(JsonTree.MAX_VALUES) + "1]")).containsExactly("CLP002");
            StringBuilder many = new StringBuilder("{");
            for (int i = 0; i < 100_000; i++) {
                many.append("\"x").append(i).append("\":1,");
            }
            assertThat(ids(many + "\"y\":1}")).hasSize(Problems.LIMIT + 1);
        });
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        PolicyException e = failure(() -> PolicyLoader.parse("p", new byte[] {'{', (byte) 0xff, '}'}, folder));
        assertThat(e.problems()).extracting(problem -> problem.id().code()).containsExactly("CLP001");
        assertThat(ids("")).containsExactly("CLP002");
        assertThat(ids("\uFEFF{}")).containsExactly("CLP002");
    }

    /** Random damage gives the declared exception or a policy, and nothing else. */
    @Test
    void survivesRandomDamage() {
        Random random = new Random(20260101);
        byte[] valid = Samples.VALID.getBytes(StandardCharsets.UTF_8);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = valid.clone();
            for (int n = random.nextInt(3) + 1; n > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) "{}[]:,\"0a-9\\nu \u00ff".charAt(random.nextInt(15));
            }
            try {
                PolicyCheck.check(PolicyLoader.parse("p", bytes, folder));
            } catch (PolicyException e) {
                refused++;
                assertThat(e.problems()).anyMatch(Problem::isError);
            }
        }
        assertThat(refused).isGreaterThan(1000);
    }

    private static List<String> ids(String text) {
        return failure(() -> Samples.parse(text)).problems().stream()
                .map(problem -> problem.id().code())
                .toList();
    }

    private static PolicyException failure(org.assertj.core.api.ThrowableAssert.ThrowingCallable body) {
        PolicyException e = catchThrowableOfType(PolicyException.class, body);
        assertThat(e).isNotNull();
        return e;
    }
}
