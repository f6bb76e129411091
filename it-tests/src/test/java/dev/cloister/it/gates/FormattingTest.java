package dev.cloister.it.gates;

import static org.assertj.core.api.Assertions.assertThat;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Holds every source file to the formatter's output. {@code mvn verify -Dcloister.format=fix} rewrites the files instead of
 * failing.
 */
class FormattingTest {
    private static final boolean FIX = "fix".equals(System.getProperty("cloister.format"));

    @Test
    void everySourceIsAsTheFormatterWritesIt() throws IOException, FormatterException {
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<String> unformatted = new ArrayList<>();
        List<Path> sources = SourceTree.javaSources();
        for (Path source : sources) {
            String text = Files.readString(source);
            String formatted = formatter.formatSourceAndFixImports(text);
            if (!formatted.equals(text)) {
                if (FIX) {
                    Files.writeString(source, formatted);
                } else {
                    unformatted.add(SourceTree.relative(source));
                }
            }
        }
        assertThat(sources).hasSizeGreaterThan(20);
        assertThat(unformatted)
                .as("unformatted sources; rewrite them with: mvn verify -Dcloister.format=fix")
                .isEmpty();
    }
}
