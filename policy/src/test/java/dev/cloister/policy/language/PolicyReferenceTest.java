package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.reference.Doc;
import dev.cloister.policy.text.Canonical;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The committed policy reference is what the schema and the prose give. */
class PolicyReferenceTest {
    private static final Path PAGE = Path.of("../docs/policy-reference.md");
    private static final String FIELDS = "{{fields}}\n";
    private static final String FRAGMENT_FIELDS = "{{fragment}}\n";

    /**
     * Compares; with {@code -Dcloister.docs=write} writes the page instead:
     * {@code mvn -pl policy -am test -Dtest=PolicyReferenceTest -Dcloister.docs=write}.
     */
    @Test
    void thePageIsUpToDate() throws Exception {
        String page = page();
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/policy-reference.md; regenerate it with -Dcloister.docs=write")
                .isEqualTo(page);
    }

    @Test
    void thePageExplainsEveryIdentifier() throws Exception {
        String page = page();
        for (FindingId id : EnumSet.range(FindingId.UNREADABLE, FindingId.RESOURCES)) {
            assertThat(page).contains("| " + id.code() + " | ");
        }
    }

    /** Each example is what the schema says of its section. */
    @Test
    void theExamplesAreRight() throws Exception {
        String policy = SchemaTest.text("policy.schema.json");
        String fragment = SchemaTest.text("policy-fragment.schema.json");
        for (Map.Entry<String, String> example : examples().entrySet()) {
            String name = example.getKey();
            String schema =
                    PolicyReference.definitions(policy).contains(name) || name.equals("policy") ? policy : fragment;
            String json = new String(
                    Canonical.bytes(example.getValue().getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
            boolean part = !name.equals("policy") && !name.equals("fragment");
            String section = part
                    ? "{\"$ref\": \"#/$defs/" + name + "\"," + schema.substring(schema.indexOf("\"$defs\""))
                    : schema;
            assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                            .getSchema(section, InputFormat.JSON)
                            .validate(json, InputFormat.JSON))
                    .as(name)
                    .isEmpty();
        }
    }

    private static Map<?, ?> definitions(String schema) {
        Object definitions = ((Map<?, ?>) tree(schema)).get("$defs");
        return (Map<?, ?>) Objects.requireNonNull(definitions, schema);
    }

    /** Definitions that both schemas have are the same. */
    @Test
    void theSchemasAgree() throws Exception {
        Map<?, ?> policy = definitions("policy.schema.json");
        Map<?, ?> fragment = definitions("policy-fragment.schema.json");
        assertThat(fragment.keySet()).anyMatch(policy::containsKey);
        fragment.forEach((name, definition) -> {
            if (policy.containsKey(name)) {
                assertThat(definition).as(name.toString()).isEqualTo(policy.get(name));
            }
        });
    }

    private static Object tree(String file) {
        return Doc.parse(SchemaTest.text(file).getBytes(StandardCharsets.UTF_8));
    }

    private static String page() throws Exception {
        String policy = SchemaTest.text("policy.schema.json");
        Set<String> known = PolicyReference.definitions(policy);
        String template = resource("/policy-reference.template.md");
        assertThat(template).contains(FIELDS, FRAGMENT_FIELDS);
        return template.replace(FIELDS, PolicyReference.fields(policy, "policy", Set.of(), examples()))
                .replace(
                        FRAGMENT_FIELDS,
                        PolicyReference.fields(
                                SchemaTest.text("policy-fragment.schema.json"), "fragment", known, examples()));
    }

    /** The examples' file: each begins with a line {@code === name}. */
    private static Map<String, String> examples() throws Exception {
        Map<String, String> examples = new LinkedHashMap<>();
        for (String part : resource("/policy-reference.examples.txt").split("(?m)^=== ")) {
            int end = part.indexOf('\n');
            if (end > 0) {
                examples.put(part.substring(0, end), part.substring(end + 1));
            }
        }
        return examples;
    }

    private static String resource(String name) throws Exception {
        try (var in = Objects.requireNonNull(PolicyReferenceTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
