package dev.cloister.policy.alloy;

import static org.assertj.core.api.Assertions.assertThat;

import edu.mit.csail.sdg.ast.Command;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The hand-written models: every theorem holds within its scope, and every flaw sown into a model is found. */
class ModelsOfTheRulesTest {
    private static final Pattern FLAWS = Pattern.compile("one sig ([\\w,\\s]+?)\\s+extends Flaw");
    private static final Map<String, Long> MILLIS = new TreeMap<>();

    static Stream<Arguments> commands() {
        return Stream.of("noninterference", "wall").flatMap(name -> {
            AlloyModule module = AlloyModule.parse(text(name));
            return module.commands().stream().map(command -> Arguments.of(name, command.label, module, command));
        });
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("commands")
    void comesOutAsExpected(String model, String label, AlloyModule module, Command command) {
        long begin = System.nanoTime();

        boolean satisfiable = module.run(command).satisfiable();

        MILLIS.put(
                model + " " + label, Duration.ofNanos(System.nanoTime() - begin).toMillis());
        assertThat(command.expects).as("what %s expects", label).isBetween(0, 1);
        assertThat(satisfiable)
                .as(
                        command.check ? "%s has a counterexample within %s" : "%s has an instance within %s",
                        label,
                        command)
                .isEqualTo(command.expects == 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"noninterference", "wall"})
    void everyFlawHasATwinAndOnlyTwinsHaveFlaws(String name) {
        String text = text(name);
        Set<String> flaws = FLAWS.matcher(text)
                .results()
                .flatMap(match -> Stream.of(match.group(1).split("[,\\s]+")))
                .collect(Collectors.toSet());
        List<String> seeded = Pattern.compile("check Twin\\w+ \\{ seededWith\\[(\\w+)\\] and system implies")
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .toList();

        assertThat(flaws).isNotEmpty();
        assertThat(seeded).containsExactlyInAnyOrderElementsOf(flaws);
        assertThat(AlloyModule.parse(text).commands())
                .allSatisfy(command -> assertThat(command.expects)
                        .as(command.label)
                        .isEqualTo(command.check && !command.label.startsWith("Twin") ? 0 : 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"noninterference", "wall"})
    void everyTheoremIsAboutTheModelWithoutFlaws(String name) {
        List<String> assertions = Pattern.compile("assert (\\w+) \\{ (\\S+) ")
                .matcher(text(name))
                .results()
                .map(MatchResult::group)
                .toList();

        assertThat(assertions).hasSizeGreaterThanOrEqualTo(4);
        assertThat(assertions).allSatisfy(found -> assertThat(found).endsWith("seededWith[none] "));
    }

    @AfterAll
    static void report() {
        long total = MILLIS.values().stream().mapToLong(Long::longValue).sum();
        System.out.println("Alloy, models of the rules: " + MILLIS + "; in all " + total + " ms");
    }

    static String text(String name) {
        try (InputStream in = ModelsOfTheRulesTest.class.getResourceAsStream("/alloy/" + name + ".als")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
