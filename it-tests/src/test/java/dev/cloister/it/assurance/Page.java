package dev.cloister.it.assurance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A generated page under docs/assurance, and the data beside it. */
final class Page {
    private static final Path FOLDER = Path.of("../docs/assurance");

    private final StringBuilder text = new StringBuilder();
    private final Path file;

    Page(String name) {
        this.file = FOLDER.resolve(name);
    }

    static Json data(String name) throws IOException {
        return Json.read(FOLDER.resolve("data").resolve(name));
    }

    Page line(String... parts) {
        text.append(String.join("", parts)).append('\n');
        return this;
    }

    Page row(String... cells) {
        return line("| ", String.join(" | ", cells), " |");
    }

    Page table(String... heads) {
        return row(heads).line("|---".repeat(heads.length), "|");
    }

    static String code(String name) {
        return "`" + name + "`";
    }

    /** Compares; with {@code -Dcloister.docs=write} writes the page instead. */
    void check() throws IOException {
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(file, text);
        }
        assertThat(Files.readString(file))
                .as(file.getFileName() + "; regenerate it with -Dcloister.docs=write")
                .isEqualTo(text.toString());
    }
}
