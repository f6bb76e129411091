package dev.cloister.it.gates;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Bounds that keep rooms readable: the decision core under 500 lines in all, any source file under 600. */
class SizeTest {
    private static final int DECISION_CORE_LINES = 500;
    private static final String POLICY = "/policy/src/main/java/dev/cloister/policy/";
    private static final int FILE_LINES = 600;

    @Test
    void theDecisionCoreStaysUnderItsBound() throws IOException {
        long lines = 0;
        int files = 0;
        for (Path source : SourceTree.javaSources()) {
            String path = SourceTree.relative(source);
            if (path.startsWith(POLICY + "decision/") || path.equals(POLICY + "model/Mediation.java")) {
                lines += lineCount(source);
                files++;
            }
        }
        assertThat(files).isGreaterThan(5);
        assertThat(lines).isLessThan(DECISION_CORE_LINES);
    }

    @Test
    void everyFileCanBeReadWhole() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : SourceTree.javaSources()) {
            long lines = lineCount(source);
            if (lines > FILE_LINES) {
                tooLong.add(SourceTree.relative(source) + ": " + lines);
            }
        }
        assertThat(tooLong).isEmpty();
    }

    private static long lineCount(Path source) throws IOException {
        try (var lines = Files.lines(source)) {
            return lines.count();
        }
    }
}
