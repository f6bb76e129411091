package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.decode.FeatureTable;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.model.CpuModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is decoded and not executed needs a feature that no processor model offers, and docs/assurance/processor.md names it. */
class MissingHandlersTest {
    private static final String BEGIN = "<!-- not executed: written by MissingHandlersTest -->\n";
    private static final String END = "<!-- end -->";

    /** Mnemonics without handler by the feature that they need. */
    private static Map<CpuFeature, Set<String>> missing() {
        Map<CpuFeature, Set<String>> missing = new TreeMap<>();
        for (Form form : FormTable.instance().forms()) {
            if (!form.mnemonic.isEmpty() && HandlerTable.of(form) == null) {
                Set<CpuFeature> needed = FeatureTable.instance().of(form).always();
                assertThat(needed)
                        .as("features that %s, which nothing executes, needs", form.mnemonic)
                        .isNotEmpty();
                missing.computeIfAbsent(needed.iterator().next(), f -> new TreeSet<>())
                        .add(form.mnemonic);
            }
        }
        return missing;
    }

    @Test
    void noProcessorModelOffersWhatIsNotExecuted() {
        assertThat(missing().keySet()).isNotEmpty().doesNotContainAnyElementsOf(CpuModel.implemented());
    }

    /** With {@code -Dcloister.docs=write} the page's table is written instead. */
    @Test
    void thePageNamesWhatIsNotExecuted() throws IOException {
        Path file = Path.of(System.getProperty("cloister.root", ".."), "docs/assurance/processor.md");
        String page = Files.readString(file);
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        int end = page.indexOf(END, begin);
        assertThat(end).as("the marks of the table in %s", file).isGreaterThanOrEqualTo(begin);
        String table = "| feature | instructions |\n|---|---|\n"
                + missing().entrySet().stream()
                        .map(row -> "| " + row.getKey() + " | "
                                + row.getValue().stream()
                                        .map(name -> "`" + name + "`")
                                        .collect(Collectors.joining(", "))
                                + " |\n")
                        .collect(Collectors.joining());
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(file, page.substring(0, begin) + table + page.substring(end));
        } else {
            assertThat(page.substring(begin, end))
                    .as("what isn't executed, in %s; regenerate it with -Dcloister.docs=write", file)
                    .isEqualTo(table);
        }
    }
}
