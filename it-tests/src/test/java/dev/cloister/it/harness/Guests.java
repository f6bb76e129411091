package dev.cloister.it.harness;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Guests of the tests, assembled on the spot. */
public final class Guests {
    private Guests() {}

    /** Assembles {@code guests/NAME.asm} of the test resources into the folder. */
    public static Path assemble(Path folder, String name) throws IOException {
        return assemble(folder, name, "");
    }

    /** Assembles {@code guests/NAME.asm} of the test resources, with definitions in front of it. */
    public static Path assemble(Path folder, String name, String definitions) throws IOException {
        Path source = Cloister.root().resolve(Path.of("it-tests", "src", "test", "resources", "guests", name + ".asm"));
        return text(folder, name, definitions + "\n%include \"" + source + "\"\n");
    }

    /** Assembles a {@code main} for the frame of the examples: a 64-bit guest with interrupts, channels and a serial port. */
    public static Path long64(Path folder, String name, String body) throws IOException {
        Path library = Cloister.root().resolve(Path.of("examples", "lib", "guest.inc"));
        return text(folder, name, "%include \"" + library + "\"\n" + body);
    }

    /** Assembles a real-mode guest at 0x7c00. */
    public static Path real(Path folder, String name, String body) throws IOException {
        return text(folder, name, "        format flat\n        org 0x7c00\n        bits 16\n" + body);
    }

    private static Path text(Path folder, String name, String source) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        return write(folder, name, Files.writeString(folder.resolve(name + ".asm"), source));
    }

    private static Path write(Path folder, String name, Path source) throws IOException {
        try {
            return Files.write(
                    folder.resolve(name + ".img"),
                    Assembler.create().assemble(source).image());
        } catch (AssemblyException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}
