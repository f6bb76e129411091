package dev.cloister.emulator.assembler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The assembler as the build uses it, and the guests that it makes. */
final class AssembleMainTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    private int run(Object... args) {
        String[] words = Stream.of(args).map(Object::toString).toArray(String[]::new);
        return AssembleMain.run(words, new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @Test
    void writesOneFileToTheNamedPlace() throws Exception {
        Path source = Files.writeString(directory.resolve("a.asm"), "bits 32\nhlt");
        Path output = directory.resolve("deep/a.out");
        assertThat(run(source, "-o", output, "-f", "flat")).isZero();
        assertThat(Files.readAllBytes(output)).containsExactly(0xF4);
    }

    @Test
    void writesAFoldersImagesBesideTheirSources() throws Exception {
        Files.createDirectories(directory.resolve("one/lib"));
        Files.writeString(directory.resolve("one/x.asm"), "format elf32\nhlt");
        Files.writeString(directory.resolve("one/y.asm"), "hlt");
        Files.writeString(directory.resolve("one/lib/z.asm"), "this is no program");
        assertThat(run(directory)).isZero();
        assertThat(directory.resolve("one/images/x.elf")).exists();
        assertThat(directory.resolve("one/images/y.bin")).hasBinaryContent(new byte[] {(byte) 0xF4});
    }

    @Test
    void leavesAnImageAloneThatWouldStayTheSame() throws Exception {
        Path source = Files.writeString(directory.resolve("a.asm"), "hlt");
        assertThat(run(source)).isZero();
        Path image = directory.resolve("images/a.bin");
        Files.setLastModifiedTime(image, FileTime.fromMillis(1000));
        assertThat(run(source)).isZero();
        assertThat(Files.getLastModifiedTime(image).toMillis()).isEqualTo(1000);
        Files.writeString(source, "nop");
        assertThat(run(source)).isZero();
        assertThat(image).hasBinaryContent(new byte[] {(byte) 0x90});
    }

    @Test
    void endsWith65AndWritesNothingForAWrongSource() throws Exception {
        Path source = Files.writeString(directory.resolve("a.asm"), "mov");
        assertThat(run(source)).isEqualTo(65);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("a.asm:1:1:");
        assertThat(directory.resolve("images")).doesNotExist();
        assertThat(run(directory.resolve("none.asm"))).isEqualTo(65);
    }

    @Test
    void endsWith64ForAWrongCommandLine() throws Exception {
        Path source = Files.writeString(directory.resolve("a.asm"), "hlt");
        assertThat(run()).isEqualTo(64);
        assertThat(run(source, "-o")).isEqualTo(64);
        assertThat(run(source, "-f", "coff")).isEqualTo(64);
        assertThat(run(source, "-x", "y")).isEqualTo(64);
        assertThat(run(source, source, "-o", "b")).isEqualTo(64);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("usage:");
    }

    @Test
    void examplesMatchTheDigestsInTheirPolicies() throws Exception {
        for (String guest : List.of(
                "hello/hello", "quickstart/sensor", "quickstart/guard", "quickstart/command", "quickstart/logger")) {
            Path source = Path.of("..", "examples", guest + ".asm");
            byte[] image = Assembler.create().assemble(source).image();
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(image));
            assertThat(Files.readString(source.resolveSibling("policy.json")))
                    .as(guest + ": after changing a guest's source run examples/refresh-digests")
                    .contains("\"images/" + source.getFileName().toString().replace(".asm", ".elf")
                            + "\", \"sha256\": \"" + digest + "\"");
        }
    }
}
