package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.FindingId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The committed policy reference is what the schema and the prose give. */
class PolicyReferenceTest {
    private static final Path PAGE = Path.of("../docs/policy-reference.md");
    private static final String FIELDS = "{{fields}}\n";

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

    private static String page() throws Exception {
        try (var in = Objects.requireNonNull(
                PolicyReferenceTest.class.getResourceAsStream("/policy-reference.template.md"))) {
            String template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(template).contains(FIELDS);
            return template.replace(FIELDS, PolicyReference.fields(SchemaTest.text()));
        }
    }
}
