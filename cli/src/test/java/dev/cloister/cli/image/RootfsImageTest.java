package dev.cloister.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class RootfsImageTest {
    @Test
    void theSuiteIsThisHostsWhereItIsDebian() {
        assertThat(HostSystem.suite("ID=debian\nVERSION_CODENAME=trixie\n")).isEqualTo("trixie");
        assertThat(HostSystem.suite("ID=\"debian\"\nVERSION_CODENAME=\"sid\"\n"))
                .isEqualTo("sid");
        assertThat(HostSystem.suite("ID=ubuntu\nVERSION_CODENAME=noble\n")).isEqualTo("bookworm");
        assertThat(HostSystem.suite("ID=debian\n")).isEqualTo("bookworm");
        assertThat(HostSystem.suite("no such form")).isEqualTo("bookworm");
    }

    @ParameterizedTest
    @CsvSource({
        "--size, 100M, --size 104857600: expected at least 512M",
        "--size, 1073741825, --size 1073741825: expected",
        "--hostname, a b, --hostname a b: expected letters",
        "--hostname, -x, --hostname -x: expected letters",
        "--suite, --hook, --suite --hook: expected a name",
        "--include, x;y, --include x;y: expected names",
        "--include, --hook, --include --hook: expected names",
        "--mirror, --hook, --mirror --hook: expected a URI",
        "--password-file, /nonexistent/file, --password-file /nonexistent/file: expected a file",
    })
    void whatToolsWouldMisunderstandIsRefusedBeforeAnythingIsMade(
            String option, String value, String message, @TempDir Path folder) {
        CommandLine line = Main.commandLine();
        StringWriter err = new StringWriter();
        line.setErr(new PrintWriter(err));
        Path image = folder.resolve("image");
        assertThat(line.execute("image", "rootfs", option + "=" + value, image.toString()))
                .isEqualTo(65);
        assertThat(err.toString()).contains(message);
        assertThat(image).doesNotExist();
    }

    @Test
    void aFoldersDiskIsTheGuestsFirst(@TempDir Path directory) throws IOException {
        BootFolder folder = new BootFolder(directory);
        assertThat(folder.disks()).isEmpty();
        Files.write(folder.disk(), new byte[512]);
        assertThat(folder.disks()).isEqualTo(List.of(directory.resolve("disk.img")));
    }

    @Test
    void theScriptIsPartOfTheProgramAndNamesNoOtherFolderThanItsOwn() throws IOException {
        try (var in = RootDisk.class.getResourceAsStream("make-root.sh")) {
            String script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(script).contains("set -eu", "root=$WORK/tree");
            assertThat(script.lines().filter(line -> line.matches(".*\\brm -.*")))
                    .allMatch(line -> line.contains("\"$root\"") || line.contains("\"$DISK\""));
        }
    }
}
