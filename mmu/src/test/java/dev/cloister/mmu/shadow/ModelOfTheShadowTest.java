package dev.cloister.mmu.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import edu.mit.csail.sdg.alloy4.A4Reporter;
import edu.mit.csail.sdg.alloy4.ErrorWarning;
import edu.mit.csail.sdg.ast.Command;
import edu.mit.csail.sdg.parser.CompModule;
import edu.mit.csail.sdg.parser.CompUtil;
import edu.mit.csail.sdg.translator.A4Options;
import edu.mit.csail.sdg.translator.TranslateAlloyToKodkod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The Alloy model of fill, flush and unmap: every theorem holds within its scope, and every flaw sown into the model is found. */
class ModelOfTheShadowTest {
    private static final Pattern FLAWS = Pattern.compile("one sig ([\\w,\\s]+?)\\s+extends Flaw");
    private static final Pattern TWINS =
            Pattern.compile("check Twin\\w+ \\{ seededWith\\[(\\w+)\\] and system implies");
    private static final String TEXT = text();
    private static final Map<String, Long> MILLIS = new TreeMap<>();
    private static final A4Reporter STRICT = new A4Reporter() {
        @Override
        public void warning(ErrorWarning warning) {
            throw new AssertionError(warning.toString());
        }
    };

    private static CompModule module() {
        return CompUtil.parseEverything_fromString(STRICT, TEXT);
    }

    static Stream<Arguments> commands() {
        CompModule module = module();
        return module.getAllCommands().stream().map(command -> Arguments.of(command.label, module, command));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("commands")
    void comesOutAsExpected(String label, CompModule module, Command command) {
        long begin = System.nanoTime();
        A4Options options = new A4Options();
        options.skolemDepth = 1;

        boolean satisfiable = TranslateAlloyToKodkod.execute_command(
                        STRICT, module.getAllReachableSigs(), command, options)
                .satisfiable();

        MILLIS.put(label, Duration.ofNanos(System.nanoTime() - begin).toMillis());
        assertThat(command.expects).as("what %s expects", label).isBetween(0, 1);
        assertThat(satisfiable)
                .as(
                        command.check ? "%s has a counterexample within %s" : "%s has an instance within %s",
                        label,
                        command)
                .isEqualTo(command.expects == 1);
    }

    @Test
    void everyFlawHasATwinAndOnlyTwinsHaveFlaws() {
        Set<String> flaws = FLAWS.matcher(TEXT)
                .results()
                .flatMap(match -> Stream.of(match.group(1).split("[,\\s]+")))
                .collect(Collectors.toSet());
        List<String> seeded =
                TWINS.matcher(TEXT).results().map(match -> match.group(1)).toList();

        assertThat(flaws).contains("UncheckedFill");
        assertThat(seeded).containsExactlyInAnyOrderElementsOf(flaws);
        assertThat(module().getAllCommands())
                .allSatisfy(command -> assertThat(command.expects)
                        .as(command.label)
                        .isEqualTo(command.check && !command.label.startsWith("Twin") ? 0 : 1));
    }

    @Test
    void everyTheoremIsAboutTheModelWithoutFlaws() {
        List<String> assertions = Pattern.compile("assert (\\w+) \\{ (\\S+) ")
                .matcher(TEXT)
                .results()
                .map(MatchResult::group)
                .toList();

        assertThat(assertions).hasSize(5);
        assertThat(assertions).allSatisfy(found -> assertThat(found).endsWith("seededWith[none] "));
    }

    @AfterAll
    static void report() {
        long total = MILLIS.values().stream().mapToLong(Long::longValue).sum();
        System.out.println("Alloy, model of the shadow tables: " + MILLIS + "; in all " + total + " ms");
    }

    private static String text() {
        try (InputStream in = ModelOfTheShadowTest.class.getResourceAsStream("/alloy/shadow.als")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
