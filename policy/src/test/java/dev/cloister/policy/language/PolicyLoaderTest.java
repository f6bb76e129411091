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
import java.time.LocalDate;
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
    private static final LocalDate TODAY = LocalDate.of(2026, 1, 1);

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
        assertThatThrownBy(() -> PolicyLoader.load(file, TODAY)).hasMessageContaining("lacks the field \"version\"");
        Files.writeString(file, Samples.VALID);
        Policy policy = PolicyLoader.load(file, TODAY);
        assertThat(policy.digest())
                .hasSize(64)
                .isEqualTo(PolicyLoader.parse(file).digest());
        assertThat(policy.domains().getFirst().image().kernel().orElseThrow().resolved())
                .isEqualTo(folder.resolve("sensor.elf"));
        assertThat(policy.position().toString()).isEqualTo(file + ":1:1");
    }

    @Test
    void reportsAFileThatIsNotThere() {
        PolicyException e = failure(() -> PolicyLoader.load(folder.resolve("none.json"), TODAY));
        assertThat(e.problems()).extracting(problem -> problem.id().code()).containsExactly("CLP001");
        assertThat(failure(() -> PolicyLoader.load(folder, TODAY)).problems())
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
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
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

    @Test
    void readsEverySection() throws Exception {
        Policy policy = Samples.parse(Samples.FULL);
        Domain desk = policy.domain("desk1").orElseThrow();
        assertThat(desk.memory().hugePageBytes()).isEqualTo(2 << 20);
        assertThat(desk.memory().balloonBytes()).hasValue(16 << 20);
        assertThat(desk.cpus().pin()).containsExactly(2, 3);
        assertThat(desk.cgroup().orElseThrow().ioWeight()).isEqualTo(100);
        assertThat(desk.cpuid().orElseThrow().hide()).containsExactly("avx2");
        assertThat(desk.image().kernel()).isEmpty();
        assertThat(desk.lifecycle().autostart()).isFalse();
        assertThat(desk.lifecycle().when().lists()).containsExactly(1L);
        assertThat(desk.lifecycle().restart().withinNanos()).isEqualTo(3_600_000_000_000L);
        assertThat(desk.tags()).containsExactlyInAnyOrder("bank", "desk");
        assertThat(policy.lattice().below()).containsExactly(0b0001L, 0b0011L, 0b0101L, 0b1111L);
        assertThat(policy.types().allows(1, 0, FlowKind.EVENT)).isTrue();
        assertThat(policy.types().allows(1, 0, FlowKind.STREAM)).isFalse();
        assertThat(policy.windows()).extracting(window -> window.name()).containsExactly("work", "warmup");
        assertThat(policy.conflicts().getFirst().parties())
                .extracting(party -> party.name())
                .containsExactly("#bank", "rival");
        assertThat(policy.guards().getFirst().sanitizes()).isEqualTo(1);
        assertThat(policy.guards().getFirst().quota().orElseThrow().amount()).isEqualTo(1 << 20);
        assertThat(policy.flow("orders").orElseThrow().limits().when().lists()).containsExactly(3L);
        assertThat(policy.flow("bell")
                        .orElseThrow()
                        .limits()
                        .quota()
                        .orElseThrow()
                        .periodNanos())
                .isEqualTo(60_000_000_000L);
        assertThat(policy.assertions())
                .extracting(claim -> claim.claim().jsonName())
                .containsExactly("never", "unlessVia", "must");
        assertThat(policy.residualRisks().getFirst().one()).hasSize(3);
        assertThat(policy.schedule()
                        .orElseThrow()
                        .majors()
                        .getFirst()
                        .cpus()
                        .getFirst()
                        .nanos())
                .isEqualTo(15_000_000);
        assertThat(policy.capacity().orElseThrow().cpus()).isEqualTo(8);
        assertThat(policy.covertLimit().orElseThrow().bitsPerSecond()).isEqualTo(1000);
    }

    /** Comments and the other liberties of JSON5 change neither the digest nor any position's truth. */
    @Test
    void acceptsTheLibertiesOfJson5() throws Exception {
        String free = Samples.FULL
                .replace("{\n  \"version\": 1,", "// A policy.\n{\n  /* the first */ version: +1,")
                .replace("\"name\": \"desk2\"", "name: 'desk2'")
                .replace("\"covertLimit\": {\"bitsPerSecond\": 1000}", "\"covertLimit\": {\"bitsPerSecond\": 1000,}");
        Policy policy = Samples.parse(free);
        assertThat(policy.digest()).isEqualTo(Samples.parse(Samples.FULL).digest());
        int[] place = Samples.place(free, "{\"name\": \"bell\"");
        assertThat(policy.flow("bell").orElseThrow().position())
                .isEqualTo(new SourcePosition("p.json", place[0], place[1]));
        assertThat(policy.position()).isEqualTo(new SourcePosition("p.json", 2, 1));
        assertThat(Samples.parse(free.replace("1000,", "1001,")).digest()).isNotEqualTo(policy.digest());
    }

    /** Small files that ask for much: named again and again, everything selects everything. */
    @Test
    void boundsWhatSelectorsAndMisspeltNamesCost() {
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
            StringBuilder domains = new StringBuilder();
            StringBuilder flows = new StringBuilder();
            for (int i = 0; i < 10_000; i++) {
                domains.append(i == 0 ? "" : ",")
                        .append(String.format(
                                "{\"id\":\"00000000-0000-4000-8000-%012x\",\"name\":\"somewhat-longer-name-%d\",",
                                i + 1, i))
                        .append(
                                "\"label\":{\"level\":\"a\"},\"memory\":\"1M\",\"image\":{\"kernel\":{\"path\":\"k\",\"sha256\":\"")
                        .append(Samples.DIGEST)
                        .append("\"}}}");
                for (int n = 0; n < 5; n++) {
                    flows.append(i + n == 0 ? "" : ",")
                            .append(
                                    "{\"name\":\"f\",\"from\":\"somewhat-longer-naem-1\",\"to\":\"x\",\"kind\":\"event\"}");
                }
            }
            String head =
                    "{\"version\":1,\"name\":\"n\",\"lattice\":{\"levels\":[\"a\"]},\"domains\":[" + domains + "],";
            assertThat(ids(head + "\"flows\":[" + flows + "]}")).hasSize(Problems.LIMIT + 1);
            String claim = "{\"never\":{\"from\":[\"*\"],\"to\":[\"*\"]}}";
            String claims = (claim + ",").repeat(9_999) + claim;
            assertThat(ids(head + "\"flows\":[],\"assertions\":[" + claims + "]}"))
                    .contains("CLP008");
            String again = "{\"never\":{\"from\":[" + "\"*\",".repeat(9_999) + "\"*\"],\"to\":\"*\"}}";
            assertThat(ids(head + "\"flows\":[],\"assertions\":[" + (again + ",").repeat(50) + again + "]}"))
                    .contains("CLP008");
            String shared = claims.replace("[\"*\"]", "\"*\"");
            assertThat(Samples.parse(head + "\"flows\":[],\"assertions\":[" + shared + "]}")
                            .assertions())
                    .hasSize(10_000);
        });
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
