package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each finding on the example of its page in docs/analyses, and on a policy that nearly has it: the example with one piece replaced,
 * which has to be right in every other way.
 */
class FindingExamplesTest {
    private static final Path EXAMPLES = Path.of("../docs/analyses/examples");
    private static final LocalDate DAY = LocalDate.of(2027, 1, 1);

    static Stream<Arguments> examples() {
        return Stream.of(
                arguments("CLP022", "    { name: 'bell-32', from: 'red', to: 'black', kind: 'event' },\n", ""),
                arguments(
                        "CLP023",
                        "    { name: 'bulk-4', from: 'red', to: 'black', kind: 'memory', recordBytes: '64K', records:"
                                + " 1024 },\n",
                        ""),
                arguments("CLP025", ", backChannel: { bitsPerSecond: 8 }", ""),
                arguments(
                        "CLP026", "kind: 'memory', recordBytes: 64, records: 64,", "kind: 'stream', capacity: '64K',"),
                arguments(
                        "CLP027",
                        "name: 'black', label: { level: 'secret' }",
                        "name: 'black', label: { level: 'public' }"),
                arguments(
                        "CLP028",
                        "flows: [",
                        "flows: [\n    { name: 'tty', from: 'red', to: '@console', kind: 'console' },"),
                arguments("CLP029", ", compartments: ['crypto']", ""),
                arguments("CLP031", "public: ['secret']", "public: []"),
                arguments("CLP032", "us: ['public'],", "us: ['eu'],"),
                arguments("CLP040", "kinds: ['event']", "kinds: ['event', 'memory']"),
                arguments("CLP041", "name: 'black',", "name: 'black', type: 'reader',"),
                arguments("CLP042", ", 'archive'", ""),
                arguments("CLP043", "  { from: 'reader', to: 'writer', kinds: ['memory'] },", ""),
                arguments("CLP050", "domains: ['beta', 'both']", "domains: ['beta']"),
                arguments("CLP051", "from: 'beta', to: 'analyst'", "from: 'analyst', to: 'alpha'"),
                arguments("CLP052", "members: ['alpha']", "members: ['alpha', 'beta']"),
                arguments(
                        "CLP053",
                        "mode: 'concurrent', members: ['alpha', 'beta']",
                        "mode: 'historic', members: ['alpha', 'beta']"),
                arguments("CLP060", "2026-06-30", "2027-06-30"),
                arguments("CLP061", "records: 64 }", "records: 64, when: 'night' }"),
                arguments("CLP062", "from: '22:00', to: '06:00'", "from: '17:00', to: '06:00'"),
                arguments(
                        "CLP070", "kind: 'memory', recordBytes: 64, records: 64,", "kind: 'stream', capacity: '64K',"),
                arguments("CLP071", "units: 100000", "units: 10000"),
                arguments("CLP072", "burst: 1000", "burst: 3000"),
                arguments("CLP110", "'8ms'", "'10ms'"),
                arguments(
                        "CLP111",
                        "{ domain: 'red', for: '10ms' }",
                        "{ domain: 'red', for: '10ms' }, { domain: 'black', for: '10ms' }"),
                arguments(
                        "CLP112",
                        "  schedule:",
                        "  residualRisks: [{ between: ['red', 'black'], shares: ['core'], acceptedBy: 'operations',"
                                + " reason: 'flushed' }],\n"
                                + "  schedule:"),
                arguments("CLP113", "cpus: 1,", "cpus: 2,"),
                arguments("CLP114", "pin: [3]", "pin: [0]"),
                arguments("CLP115", "idle: true, for: '2s'", "idle: true, for: '500ms'"),
                arguments("CLP120", "memory: '2G'", "memory: '1G'"),
                arguments("CLP121", "cpus: 3,", "cpus: 2,"),
                arguments("CLP122", "perSecond: 1500", "perSecond: 1000"),
                arguments("CLP123", "pin: [2] }", "pin: [3] }"),
                arguments("CLP130", "from: 'red', to: 'black'", "from: 'black', to: 'red'"),
                arguments("CLP131", "'more', from: 'red', to: 'black'", "'more', from: 'black', to: 'red'"),
                arguments("CLP132", "from: 'red', to: 'black'", "from: 'black', to: 'red'"),
                arguments(
                        "CLP133",
                        "  flows:",
                        "  assertions: [{ never: { from: '#customer', to: 'black' } }],\n  flows:"),
                arguments(
                        "CLP134",
                        "flows: [",
                        "flows: [\n    { name: 'tty', from: 'red', to: '@console', kind: 'console' },"),
                arguments("CLP135", "to: '*', kinds: '*'", "to: '*', kinds: ['event']"),
                arguments("CLP160", "engine: 'shadow'", "engine: 'direct'"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("examples")
    void theExampleHasItAndTheNearMissDoesNot(String code, String piece, String instead) throws Exception {
        String text = Files.readString(EXAMPLES.resolve(code + ".json"));
        assertThat(codes(text)).contains(code);
        assertThat(text).contains(piece);
        int at = text.indexOf(piece);
        String near = text.substring(0, at) + instead + text.substring(at + piece.length());
        List<Problem> findings = findings(near);
        assertThat(findings).noneMatch(problem -> problem.id().code().equals(code));
        assertThat(findings)
                .as("the near miss is a policy that loads")
                .noneMatch(problem -> problem.isError() && problem.id().compareTo(FindingId.WRONG_KIND) <= 0);
    }

    private static List<String> codes(String text) {
        return findings(text).stream().map(problem -> problem.id().code()).toList();
    }

    private static List<Problem> findings(String text) {
        try {
            var policy = PolicyLoader.parse(
                    "p.json",
                    text.getBytes(StandardCharsets.UTF_8),
                    EXAMPLES.toAbsolutePath().normalize());
            return PolicyCheck.check(policy, Optional.of(DAY)).findings();
        } catch (PolicyException e) {
            return e.problems();
        }
    }
}
