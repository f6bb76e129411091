package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.text.Canonical;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The published schema and the loader agree on what a policy's structure is. */
class SchemaTest {
    private static final LocalDate TODAY = LocalDate.of(2026, 1, 1);

    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(text("policy.schema.json"), InputFormat.JSON);

    static String text(String file) {
        try (InputStream in =
                Objects.requireNonNull(Policy.class.getResourceAsStream("/dev/cloister/policy/" + file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void acceptsTheSamples() {
        assertThat(SCHEMA.validate(Samples.VALID, InputFormat.JSON)).isEmpty();
        assertThat(SCHEMA.validate(Samples.FULL, InputFormat.JSON)).isEmpty();
    }

    static Stream<Arguments> bad() {
        return BadPolicies.all().stream()
                .filter(bad -> !List.of("CLP002", "CLP003").contains(bad.id()))
                .map(bad -> arguments(bad.what(), bad));
    }

    /** What the loader refuses for its structure, the schema refuses; what it refuses for its meaning, it accepts. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void agreesWithTheLoader(String what, BadPolicies.Bad bad) {
        assertThat(SCHEMA.validate(bad.text(), InputFormat.JSON).isEmpty())
                .as(what)
                .isEqualTo(!bad.structural());
    }

    /** Every example of the repository is right by schema, loader and analyses. */
    @Test
    void examplesAreRight() throws Exception {
        Path examples = Path.of("../examples");
        if (!Files.isDirectory(examples)) {
            return;
        }
        List<Path> policies;
        try (Stream<Path> files = Files.walk(examples)) {
            policies = files.filter(file -> file.endsWith("policy.json")).toList();
        }
        for (Path policy : policies) {
            assertThat(SCHEMA.validate(plain(policy), InputFormat.JSON))
                    .as(policy.toString())
                    .isEmpty();
            assertThat(PolicyLoader.load(policy, TODAY).domains()).isNotEmpty();
        }
    }

    /** The schema is about JSON: comments and the like are taken away first. */
    private static String plain(Path policy) throws Exception {
        return new String(Canonical.bytes(Files.readAllBytes(policy)), StandardCharsets.UTF_8);
    }
}
