package dev.cloister.it.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.text.PolicyFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of every example without running it. */
class ExamplePoliciesTest {
    static final Path EXAMPLES = Cloister.root().resolve("examples");

    /** Findings of these kinds are what an example is about, and its page says so. */
    private static final Set<FindingId> EXPLAINED = Set.of(FindingId.COMMON_REACH);

    static Stream<Path> policies() throws Exception {
        try (Stream<Path> folders = Files.list(EXAMPLES)) {
            return folders
                    .map(folder -> folder.resolve("policy.json"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void theCheckFindsNothingThatThePageDoesNotExplain(Path file) throws Exception {
        Policy policy = PolicyLoader.parse(file);
        List<Problem> findings = PolicyCheck.check(policy).findings();
        assertThat(findings).noneMatch(Problem::isError);
        assertThat(findings)
                .filteredOn(finding -> finding.severity() == Problem.Severity.WARNING)
                .allMatch(finding -> EXPLAINED.contains(finding.id()));
    }

    @ParameterizedTest
    @MethodSource("policies")
    void theImagesAreThoseThatThePolicyMeasures(Path file) throws Exception {
        for (Domain domain : PolicyLoader.parse(file).domains()) {
            for (var image : domain.image().files()) {
                assertThat(PolicyFile.sha256(image.resolved()))
                        .as("%s of %s; run examples/refresh-digests", image.path(), file)
                        .isEqualTo(image.sha256());
            }
        }
    }

    @Test
    void everyExampleIsFormatted() throws Exception {
        try (Stream<Path> files = Files.walk(EXAMPLES)) {
            List<Path> all = files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
            assertThat(all).hasSizeGreaterThan(7);
            for (Path file : all) {
                byte[] text = Files.readAllBytes(file);
                assertThat(new String(PolicyFormat.format(text), StandardCharsets.UTF_8))
                        .as("%s: cloister policy fmt", file)
                        .isEqualTo(new String(text, StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void noTwoDomainsShareAnIdentity() throws Exception {
        Set<Object> seen = new HashSet<>();
        for (Path file : policies().toList()) {
            for (Domain domain : PolicyLoader.parse(file).domains()) {
                assertThat(seen.add(domain.id()))
                        .as("%s of %s", domain.id(), file)
                        .isTrue();
            }
        }
    }

    @Test
    void everyExampleHasAReadmeAndIsNamedOnThePageOfExamples() throws Exception {
        String page = Files.readString(Cloister.root().resolve("docs/examples/README.md"));
        for (Path file : policies().toList()) {
            Path folder = file.getParent();
            assertThat(folder.resolve("README.md")).isRegularFile();
            assertThat(page).contains(folder.getFileName().toString());
        }
    }
}
