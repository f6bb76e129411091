package dev.cloister.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the pages in docs/analyses to the code: every finding has its row and its section on the page of its analysis, its example
 * has that finding, and what the page says the command prints is what it prints. {@code -Dcloister.docs=write} rewrites the output.
 */
class AnalysesPagesTest {
    private static final Path FOLDER = Path.of("../docs/analyses");
    private static final Path INDEX = FOLDER.resolve("README.md");

    /** The day as of which the examples are checked. */
    private static final LocalDate DAY = LocalDate.of(2027, 1, 1);

    /** Pages of commands that answer questions and have no findings. */
    private static final Set<String> QUESTIONS = Set.of("paths", "cut", "diff");

    private static final Pattern ROW = Pattern.compile("^\\| \\[(CLP\\d{3})]", Pattern.MULTILINE);

    /** Findings that no policy file shows: a file that isn't there, a key that nobody named. */
    private static final Set<FindingId> WITHOUT_FILE = EnumSet.of(FindingId.UNREADABLE, FindingId.UNTRUSTED);

    static Stream<String> analyses() {
        return Arrays.stream(FindingId.values()).map(FindingId::analysis).distinct();
    }

    static Stream<FindingId> withExample() {
        return Arrays.stream(FindingId.values()).filter(id -> !WITHOUT_FILE.contains(id));
    }

    @ParameterizedTest
    @MethodSource("analyses")
    void thePageHasARowForEachFindingAndNoOther(String analysis) throws IOException {
        Set<String> rows = ROW.matcher(page(analysis))
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> findings = Arrays.stream(FindingId.values())
                .filter(id -> id.analysis().equals(analysis))
                .map(FindingId::code)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(rows).isEqualTo(findings);
    }

    @Test
    void theIndexLinksEveryPageAndThereIsNoOtherPage() throws IOException {
        String index = Files.readString(INDEX);
        Set<String> pages;
        try (Stream<Path> files = Files.list(FOLDER)) {
            pages = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".md") && !"README.md".equals(name))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        assertThat(pages)
                .isEqualTo(Stream.concat(analyses(), QUESTIONS.stream())
                        .map(name -> name + ".md")
                        .collect(Collectors.toCollection(TreeSet::new)));
        pages.forEach(page -> assertThat(index).contains("](" + page + ")"));
    }

    @ParameterizedTest
    @EnumSource
    void everyFindingHasASectionThatSaysHowToMendIt(FindingId id) throws IOException {
        assertThat(section(id)).contains("Mend it:");
    }

    /** What the page shows is a part of the example, and what the command prints for the example. */
    @ParameterizedTest
    @MethodSource("withExample")
    void theExampleIsReal(FindingId id) throws IOException {
        String printed = printed(id);
        assertThat(printed).as("the example has no " + id).isNotEmpty();
        String section = section(id);
        String box = box(section, "text").orElseThrow();
        if ("write".equals(System.getProperty("cloister.docs"))) {
            write(id, section, box, printed);
            return;
        }
        assertThat(box).as("regenerate with -Dcloister.docs=write").isEqualTo(printed);
        Optional<String> snippet = box(section, "json5");
        if (snippet.isPresent()) {
            List<String> example =
                    lines(Files.readString(FOLDER.resolve("examples").resolve(id.code() + ".json")));
            assertThat(example).containsSubsequence(lines(snippet.get()));
        }
    }

    private static void write(FindingId id, String section, String box, String printed) throws IOException {
        String before = "```text\n" + box + "```\n";
        String after = section.replace(before, "```text\n" + printed + "```\n");
        Files.writeString(file(id.analysis()), page(id.analysis()).replace(section, after));
    }

    private static String printed(FindingId id) throws IOException {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        findings(id).stream().filter(problem -> problem.id() == id).forEach(problem -> FindingText.print(out, problem));
        out.flush();
        return text.toString();
    }

    private static List<Problem> findings(FindingId id) throws IOException {
        String name = id.code() + ".json";
        try {
            Policy policy = PolicyLoader.parse(
                    name,
                    Files.readAllBytes(FOLDER.resolve("examples").resolve(name)),
                    FOLDER.resolve("examples").toAbsolutePath().normalize());
            return PolicyCheck.check(policy, Optional.of(DAY)).findings();
        } catch (PolicyException e) {
            return e.problems();
        }
    }

    /** Without indentation, since the page shows parts without theirs. */
    private static List<String> lines(String text) {
        return text.lines().map(String::strip).toList();
    }

    private static Optional<String> box(String section, String language) {
        Matcher matcher = Pattern.compile("```" + language + "\n(.*?)```\n", Pattern.DOTALL)
                .matcher(section);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String section(FindingId id) throws IOException {
        String page = page(id.analysis());
        int begins = page.indexOf("\n## " + id.code() + "\n");
        assertThat(begins).as("section of " + id).isPositive();
        int ends = page.indexOf("\n## ", begins + 1);
        return page.substring(begins, ends < 0 ? page.length() : ends);
    }

    private static Path file(String analysis) {
        return FOLDER.resolve(analysis + ".md");
    }

    private static String page(String analysis) throws IOException {
        return Files.readString(file(analysis));
    }
}
