package dev.cloister.it.disassembly;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The page names every reason for which a difference from objdump counts as explained. */
class ProcessorPageTest {
    @ParameterizedTest
    @EnumSource
    void thePageGivesTheExplanation(Explanation explanation) throws IOException {
        Path root = Path.of(System.getProperty("cloister.root", ".."));
        assertThat(Files.readString(root.resolve("docs/assurance/processor.md")))
                .contains("| " + explanation.text() + " |");
    }
}
