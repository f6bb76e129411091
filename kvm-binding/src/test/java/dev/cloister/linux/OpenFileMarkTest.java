package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A mark lasts as long as any copy of its opening: descriptors, duplicates and mappings. */
class OpenFileMarkTest {
    private static final long ONE = OpenFileMark.FIRST + 1;
    private static final long TWO = OpenFileMark.FIRST + 2;

    @TempDir
    Path directory;

    @Test
    void endsWithTheLastCopy() throws Exception {
        Path file = Files.write(directory.resolve("disk"), new byte[8192]);
        try (Fd own = Linux.openReadOnly(file.toString());
                Fd reader = Linux.openReadOnly(file.toString());
                Fd writer = Linux.open(file.toString(), Linux.O_WRONLY)) {
            OpenFileMark.set(reader, false, ONE);
            OpenFileMark.set(writer, true, TWO);
            assertThat(OpenFileMark.isSet(own, ONE)).isTrue();
            assertThat(OpenFileMark.isSet(own, TWO)).isTrue();
            try (Fd copy = reader.duplicate()) {
                reader.close();
                assertThat(OpenFileMark.isSet(own, ONE))
                        .as("a copy of %s is open", copy)
                        .isTrue();
                try (Mapping mapping = Mapping.readOnly(copy, 0, 4096)) {
                    copy.close();
                    assertThat(OpenFileMark.isSet(own, ONE))
                            .as("mapped: %s", mapping.size())
                            .isTrue();
                }
            }
            assertThat(OpenFileMark.isSet(own, ONE)).isFalse();
            assertThat(OpenFileMark.isSet(own, TWO)).isTrue();
            writer.close();
            assertThat(OpenFileMark.isSet(own, TWO)).isFalse();
        }
    }
}
