package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What fragments do, and what they may not. */
class FragmentTest {
    private static final String HEAD = "{\"version\": 1, \"fragment\": \"site\", ";

    @TempDir
    Path folder;

    private Policy including(String... paths) throws PolicyException {
        String list = "[\"" + String.join("\", \"", paths) + "\"]";
        String text =
                Samples.with(Samples.FULL, "\"name\": \"full\",", "\"name\": \"full\", \"include\": " + list + ",");
        return PolicyLoader.parse("p.json", text.getBytes(StandardCharsets.UTF_8), folder);
    }

    private void write(String path, String text) throws Exception {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private List<Problem> refused(String... paths) {
        PolicyException e = catchThrowableOfType(PolicyException.class, () -> including(paths));
        assertThat(e).as("expected a refusal").isNotNull();
        return e.problems();
    }

    @Test
    void forbidsAndNarrows() throws Exception {
        write("f/site.json", HEAD + """
              // A comment.
              forbid: [{from: "broker", to: "@log:serial", because: "no logs"}],
              limits: [{flows: ["orders"], rate: {perSecond: 50, burst: 50}, quota: {bytes: "5M", per: "2d"}, when: "night",
                        backChannel: {bitsPerSecond: 50}}],
              windows: [{name: "night", zone: "UTC", from: "22:00", to: "06:00"}],
              conflicts: [{name: "more", mode: "concurrent", members: ["desk1", "desk2"]}],
              assertions: [{never: {from: "@disk:data", to: "#desk"}}],
              requestRate: {perSecond: 5, burst: 20}, covertLimit: {bitsPerSecond: 0},
            }\
            """);
        Policy policy = including("f/site.json");
        Flow orders = policy.flow("orders").orElseThrow();
        assertThat(orders.rate().orElseThrow().perSecond()).isEqualTo(50);
        assertThat(orders.limits().quota().orElseThrow().amount()).isEqualTo(5 << 20);
        assertThat(orders.limits().when().lists()).containsExactly(0b011L, 0b100L);
        assertThat(orders.backChannel().orElseThrow().bitsPerSecond()).isEqualTo(50);
        assertThat(orders.rate().orElseThrow().position().file()).isEqualTo("f/site.json");
        assertThat(policy.flow("log").orElseThrow().forbidden().orElseThrow().because())
                .isEqualTo("no logs");
        assertThat(policy.flow("bell").orElseThrow().forbidden()).isEmpty();
        assertThat(policy.windows()).hasSize(3);
        assertThat(policy.conflicts()).hasSize(3);
        assertThat(policy.assertions()).hasSize(4);
        assertThat(policy.requestRate().perSecond()).isEqualTo(5);
        assertThat(policy.covertLimit().orElseThrow().bitsPerSecond()).isZero();
        assertThat(policy.fragments()).singleElement().satisfies(fragment -> {
            assertThat(fragment.name()).isEqualTo("site");
            assertThat(fragment.position().file()).isEqualTo("p.json");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        CLP140 | "limits": [{"flows": ["orders"], "rate": {"perSecond": 101, "burst": 50}}]
        CLP140 | "limits": [{"flows": ["orders"], "rate": {"perSecond": 50, "burst": 51}}]
        CLP140 | "limits": [{"flows": {"from": "*", "to": "*", "kinds": "stream"}, "rate": {"perSecond": 50, "burst": 51}}]
        CLP140 | "limits": [{"flows": {"from": "*", "to": "*", "kinds": "stream"}, "rate": {"perSecond": 200, "burst": 51}}]
        CLP140 | "limits": [{"flows": ["orders"], "quota": {"bytes": "11M", "per": "1d"}}]
        CLP140 | "limits": [{"flows": ["orders"], "quota": {"bytes": "10M", "per": "1h"}}]
        CLP140 | "limits": [{"flows": ["orders"], "quota": {"bytes": "10M", "per": "36h"}}]
        CLP140 | "limits": [{"flows": ["orders"], "backChannel": {"bitsPerSecond": 101}}]
        CLP140 | "limits": [{"flows": ["bell"], "backChannel": {"bitsPerSecond": 1}}]
        CLP140 | "requestRate": {"perSecond": 11, "burst": 1}
        CLP140 | "covertLimit": {"bitsPerSecond": 1001}
        CLP014 | "limits": [{"flows": ["bell"], "quota": {"bytes": 1, "per": "1m"}}]
        CLP014 | "limits": [{"flows": ["bell", "orders"], "quota": {"bytes": 1, "per": "1d"}}]
        CLP011 | "limits": [{"flows": ["bel"], "when": "work"}]
        CLP011 | "limits": [{"flows": {"from": "desk1", "to": "desk2"}, "when": "work"}]
        CLP011 | "limits": [{"flows": ["bell"], "when": "wrok"}]
        CLP011 | "forbid": [{"from": "#nobody", "to": "*", "because": "x"}]
        CLP010 | "windows": [{"name": "work", "after": "1h"}]
        CLP010 | "conflicts": [{"name": "banks", "mode": "historic", "members": ["desk1"]}]
        """)
    void refusesWhatOnlyTheLoaderCanSee(String code, String section) throws Exception {
        check(code, section, true);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        CLP004 | "flows": []
        CLP004 | "guards": []
        CLP004 | "residualRisks": []
        CLP004 | "domains": []
        CLP004 | "forbids": []
        CLP004 | "limits": [{"flows": ["bell"], "when": "work", "description": "x"}]
        CLP005 | "limits": [{"flows": ["bell"]}]
        CLP005 | "limits": [{"when": "work"}]
        CLP005 | "forbid": [{"from": "*", "because": "x"}]
        CLP005 | "forbid": [{"from": "*", "to": "*"}]
        CLP006 | "forbid": {"from": "*", "to": "*"}
        CLP006 | "limits": [{"flows": "bell", "when": "work"}]
        CLP007 | "forbid": [{"from": "*", "to": "*", "kinds": "pipe", "because": "x"}]
        CLP008 | "limits": [{"flows": [], "when": "work"}]
        CLP008 | "requestRate": {"perSecond": 0, "burst": 1}
        """)
    void refusesWhatTheSchemaRefuses(String code, String section) throws Exception {
        check(code, section, false);
    }

    private void check(String code, String section, boolean valid) throws Exception {
        String text = HEAD + section + "}";
        write("site.json", text);
        assertThat(refused("site.json")).as(section).anySatisfy(problem -> {
            assertThat(problem.id().code()).isEqualTo(code);
            assertThat(problem.file()).isEqualTo("site.json");
            assertThat(problem.line()).isEqualTo(1);
            assertThat(problem.column()).isGreaterThan(1);
        });
        assertThat(schema().validate(text, InputFormat.JSON).isEmpty())
                .as(section)
                .isEqualTo(valid);
    }

    private static Schema schema() throws Exception {
        try (InputStream in = Objects.requireNonNull(
                Policy.class.getResourceAsStream("/dev/cloister/policy/policy-fragment.schema.json"))) {
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(new String(in.readAllBytes(), StandardCharsets.UTF_8), InputFormat.JSON);
        }
    }

    /** Selected by their ends, flows that are narrower already keep what they have. */
    @Test
    void takesTheNarrower() throws Exception {
        write(
                "site.json",
                HEAD + "\"limits\": [{\"flows\": {\"from\": \"*\", \"to\": \"*\"},"
                        + " \"rate\": {\"perSecond\": 200, \"burst\": 60}}]}");
        Policy policy = including("site.json");
        assertThat(policy.flow("orders").orElseThrow().rate().orElseThrow().perSecond())
                .isEqualTo(100);
        assertThat(policy.flow("bell").orElseThrow().rate().orElseThrow().perSecond())
                .isEqualTo(200);
    }

    @Test
    void includesNestAndAreReadOnce() throws Exception {
        write("a/one.json", "{version: 1, fragment: 'one', include: ['../b/two.json', 'three.json']}");
        write(
                "b/two.json",
                "{version: 1, fragment: 'two', include: ['../a/three.json'], windows: [{name: 'w2', after: '1h'}]}");
        write("a/three.json", "{version: 1, fragment: 'three', windows: [{name: 'w3', after: 1}]}");
        Problem problem = refused("a/one.json").getFirst();
        assertThat(problem.file()).isEqualTo("a/three.json");
        write("a/three.json", "{version: 1, fragment: 'three', windows: [{name: 'w3', after: '1h'}]}");
        assertThat(including("a/one.json").fragments())
                .extracting(fragment -> fragment.name())
                .containsExactly("one", "two", "three");
        assertThat(including("a/one.json", "./a/one.json").fragments()).hasSize(3);
    }

    @Test
    void refusesCyclesAndWhatIsMissing() throws Exception {
        write("a.json", "{version: 1, fragment: 'a', include: ['b.json']}");
        write("b.json", "{version: 1, fragment: 'b', include: ['a.json']}");
        Problem cycle = refused("a.json").getFirst();
        assertThat(cycle.id().code()).isEqualTo("CLP141");
        assertThat(cycle.file()).isEqualTo("b.json");
        assertThat(cycle.message()).contains("a.json > b.json > a.json");
        assertThat(refused("none.json").getFirst().id().code()).isEqualTo("CLP142");
        assertThat(refused(".").getFirst().id().code()).isEqualTo("CLP142");
        assertThat(refused("../../../../../../../../dev/zero").getFirst().id().code())
                .isEqualTo("CLP142");
        assertThat(refused("/etc/hostname").getFirst().id().code()).isEqualTo("CLP007");
        assertThat(refused("p.json").getFirst().id().code()).isEqualTo("CLP141");
    }

    @Test
    void boundsDepthAndNumber() throws Exception {
        for (int i = 0; i < 10; i++) {
            write("d" + i + ".json", "{version: 1, fragment: 'd" + i + "', include: ['d" + (i + 1) + ".json']}");
        }
        assertThat(refused("d0.json").getFirst().id().code()).isEqualTo("CLP143");
        assertThat(refused("d0.json").getFirst().file()).isEqualTo("d7.json");
        String[] many = new String[65];
        for (int i = 0; i < many.length; i++) {
            many[i] = "m" + i + ".json";
            write(many[i], "{version: 1, fragment: 'm" + i + "'}");
        }
        assertThat(refused(many).getFirst().id().code()).isEqualTo("CLP008");
        write("m64.json", "{version: 1, fragment: 'm64', include: ['m63.json', 'd9.json']}");
        write("m63.json", "{version: 1, fragment: 'm63'}");
        write("d9.json", "{version: 1, fragment: 'd9'}");
        String[] first = java.util.Arrays.copyOfRange(many, 1, 65);
        first[63] = "m64.json";
        assertThat(refused(first).getFirst().id().code()).isEqualTo("CLP143");
    }

    /** The digest covers what fragments say, not how they are laid out. */
    @Test
    void fragmentsAreDigested() throws Exception {
        write("site.json", HEAD + "\"covertLimit\": {\"bitsPerSecond\": 5}}");
        String digest = including("site.json").digest();
        write("site.json", "// Words.\n{fragment: 'site', version: +1, covertLimit: {bitsPerSecond: 5,},}");
        assertThat(including("site.json").digest()).isEqualTo(digest);
        write("site.json", HEAD + "\"covertLimit\": {\"bitsPerSecond\": 4}}");
        assertThat(including("site.json").digest()).isNotEqualTo(digest);
    }

    @Test
    void badTextIsReportedInItsFile() throws Exception {
        write("f/site.json", "{version: 1,\n  fragment: }");
        Problem problem = refused("f/site.json").getFirst();
        assertThat(problem.toString()).startsWith("f/site.json:2:");
        assertThat(problem.id().code()).isEqualTo("CLP002");
        write("f/site.json", "[]");
        assertThat(refused("f/site.json").getFirst().toString()).startsWith("f/site.json:1:1: error CLP006");
    }
}
