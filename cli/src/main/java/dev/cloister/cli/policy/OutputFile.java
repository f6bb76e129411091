package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file of an option {@code -o}. */
final class OutputFile {
    private OutputFile() {}

    /** Writes text to a file, whose failure is the command's. */
    static void write(Path file, String text) throws CommandFailure {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT, "can't write " + file + ": " + e.getMessage() + "; choose another FILE", e);
        }
    }
}
