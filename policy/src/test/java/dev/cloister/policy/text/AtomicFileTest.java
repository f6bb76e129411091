package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are replaced whole, keep their mode, and leave nothing behind. */
class AtomicFileTest {
    @TempDir
    private Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void keepsTheModeAndTheOpenOldFile() throws IOException {
        Path file = Files.writeString(folder.resolve("p.json"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
        Object inode = Files.getAttribute(file, "unix:ino");
        AtomicFile.replace(file, "new".getBytes(StandardCharsets.UTF_8));
        assertThat(file).hasContent("new");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-rw----");
        assertThat(Files.getAttribute(file, "unix:ino"))
                .as("another file, not overwritten")
                .isNotEqualTo(inode);
        assertThat(names()).containsExactly("p.json");
    }

    @Test
    void makesWhatIsNotThereAndFollowsLinks() throws IOException {
        Path file = folder.resolve("p.json.sig");
        AtomicFile.replace(file, "one".getBytes(StandardCharsets.UTF_8));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r--r--");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("p.json.sig"));
        AtomicFile.replace(link, "two".getBytes(StandardCharsets.UTF_8));
        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("two");
    }

    @Test
    void leavesNothingBehindWhenItFails() throws IOException {
        Path directory = Files.createDirectory(folder.resolve("d"));
        Files.writeString(directory.resolve("f"), "");
        assertThatThrownBy(() -> AtomicFile.replace(directory, new byte[1])).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> AtomicFile.replace(folder.resolve("no/p"), new byte[1]))
                .isInstanceOf(IOException.class);
        assertThat(names()).containsExactly("d");
    }
}
