package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The committed page on the audit log is what the kinds and the prose give. */
class AuditReferenceTest {
    private static final Path PAGE = Path.of("../docs/audit.md");

    /**
     * Compares; with {@code -Dcloister.docs=write} writes the page instead:
     * {@code mvn -pl policy -am test -Dtest=AuditReferenceTest -Dcloister.docs=write}.
     */
    @Test
    void thePageIsUpToDate() throws Exception {
        String page;
        try (InputStream template = AuditReferenceTest.class.getResourceAsStream("/audit.template.md")) {
            page = new String(Objects.requireNonNull(template).readAllBytes(), StandardCharsets.UTF_8)
                    .replace("{{kinds}}\n", kinds());
        }
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/audit.md; regenerate it with -Dcloister.docs=write")
                .isEqualTo(page);
    }

    private static String kinds() {
        StringBuilder table = new StringBuilder("### Events\n\n| event | severity | meaning |\n|---|---|---|\n");
        for (AuditKind kind : AuditKind.values()) {
            table.append("| `")
                    .append(kind.jsonName())
                    .append("` | ")
                    .append(kind.severity().text())
                    .append(" | ")
                    .append(kind.description())
                    .append(" |\n");
        }
        return table.append('\n').toString();
    }

    @Test
    void everyKindHasANameOfItsOwnAndASentence() {
        Set<String> names = new HashSet<>();
        for (AuditKind kind : AuditKind.values()) {
            assertThat(names.add(kind.jsonName())).as(kind.jsonName()).isTrue();
            assertThat(kind.jsonName()).matches("[a-z][A-Za-z]{1,31}");
            assertThat(AuditKind.ofJsonName(kind.jsonName())).contains(kind);
            assertThat(kind.description()).matches("[A-Z].*\\.").doesNotContain("|");
        }
    }
}
