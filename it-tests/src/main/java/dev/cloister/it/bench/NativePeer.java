package dev.cloister.it.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Rivals that are not Java: a C program compiled on the spot, or an installed command. */
final class NativePeer {
    private NativePeer() {}

    /** Compiles a C source of this package; empty where there is no compiler. */
    static Optional<Path> compile(String source, Path folder) throws IOException, InterruptedException {
        if (installed("gcc").isEmpty()) {
            return Optional.empty();
        }
        Files.createDirectories(folder);
        Path file = folder.resolve(source);
        try (InputStream in = NativePeer.class.getResourceAsStream(source)) {
            Files.write(file, in.readAllBytes());
        }
        Path program = folder.resolve(source.replace(".c", ""));
        Process gcc = new ProcessBuilder("gcc", "-O2", "-o", program.toString(), file.toString())
                .inheritIO()
                .start();
        return gcc.waitFor() == 0 ? Optional.of(program) : Optional.empty();
    }

    /** Runs a program; returns what it printed. */
    static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command.getFirst() + " ended with code " + process.exitValue());
        }
        return text.strip();
    }

    /** Finds a command on the path. */
    static Optional<Path> installed(String command) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            Path file = Path.of(folder, command);
            if (Files.isExecutable(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }
}
