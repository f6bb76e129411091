package dev.cloister.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The page names every instruction that is left out of the comparison, with its reason. */
class LeftOutPageTest {
    @Test
    void thePageGivesTheReasons() throws IOException {
        Path root = Path.of(System.getProperty("cloister.root", ".."));
        String page = Files.readString(root.resolve("docs/assurance/processor.md"));
        Set<String> missing = new TreeSet<>();
        for (Site site : Site.all(64)) {
            String mnemonic = site.form().mnemonic;
            String why = Permitted.leftOut(mnemonic, 64);
            if (!why.isEmpty() && !(page.contains("`" + mnemonic + "`") && page.contains("| " + why + " |"))) {
                missing.add(mnemonic + ": " + why);
            }
        }
        assertThat(missing).isEmpty();
    }
}
