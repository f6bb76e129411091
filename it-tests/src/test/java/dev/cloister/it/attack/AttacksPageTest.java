package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of attacks names what is tried, all of it and nothing else. */
class AttacksPageTest {
    private static final Path PAGE = Path.of("docs", "assurance", "attacks.md");
    private static final Pattern TEST = Pattern.compile("`([A-Z][A-Za-z]+Test)`");
    private static final Pattern NAME = Pattern.compile("`([A-Z][A-Z_0-9]+)`");
    /** attack, mechanism, test, outcome. */
    private static final int TEST_COLUMN = 3;

    private static String page() throws IOException {
        return Files.readString(Cloister.root().resolve(PAGE));
    }

    /** The names in the third column of its tables. */
    private static Set<String> tried() throws IOException {
        return page().lines()
                .filter(line -> line.startsWith("| "))
                .map(line -> line.split("\\|"))
                .filter(cells -> cells.length > TEST_COLUMN)
                .flatMap(cells -> NAME.matcher(cells[TEST_COLUMN]).results())
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void itsTablesNameEveryAttackAndNoOther() throws IOException {
        Set<String> attacks =
                Arrays.stream(Attack.values()).map(Enum::name).collect(Collectors.toCollection(TreeSet::new));
        assertThat(tried()).isEqualTo(attacks);
    }

    @Test
    void itNamesEveryTestOfThePackage() throws IOException {
        Path sources = Cloister.root().resolve(Path.of("it-tests", "src", "test", "java"));
        Path here = sources.resolve(AttacksPageTest.class.getPackageName().replace('.', '/'));
        Set<String> tests;
        try (Stream<Path> files = Files.list(here)) {
            tests = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Test.java"))
                    .map(name -> name.replace(".java", ""))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        assertThat(named()).containsAll(tests);
    }

    @Test
    void everyTestThatItNamesIsThere() throws IOException {
        Set<String> all = new TreeSet<>();
        for (String module : new String[] {"policy", "vmm-core", "it-tests"}) {
            try (Stream<Path> files = Files.walk(Cloister.root().resolve(Path.of(module, "src", "test", "java")))) {
                files.map(file -> file.getFileName().toString().replace(".java", ""))
                        .forEach(all::add);
            }
        }
        assertThat(all).containsAll(named());
    }

    private static Set<String> named() throws IOException {
        Set<String> named = new TreeSet<>();
        for (Matcher found = TEST.matcher(page()); found.find(); ) {
            named.add(found.group(1));
        }
        return named;
    }
}
