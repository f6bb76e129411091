package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A folder that can be booted: {@code vmlinuz}, and if they are there {@code initrd.img}, {@code cmdline}, one line of text, and
 * {@code disk.img}, the guest's first disk.
 *
 * @param directory the folder
 */
public record BootFolder(Path directory) {
    /**
     * The command line of folders that Cloister makes. Without the kernel's tests of its own ciphers: they are more than half of all
     * instructions until /init, and test the compiler that made the kernel, not the machine.
     */
    static final String DEFAULT_LINE = "console=ttyS0 quiet cryptomgr.notests";

    private static final int LONGEST_LINE = 4096;

    /**
     * The kernel.
     *
     * @return its file, which may be missing
     */
    public Path kernel() {
        return directory.resolve("vmlinuz");
    }

    /**
     * The initial RAM disk.
     *
     * @return one file, or none
     */
    public List<Path> modules() {
        return Files.exists(initrd()) ? List.of(initrd()) : List.of();
    }

    /**
     * The disk.
     *
     * @return one raw image, or none
     */
    public List<Path> disks() {
        return Files.exists(disk()) ? List.of(disk()) : List.of();
    }

    Path disk() {
        return directory.resolve("disk.img");
    }

    Path initrd() {
        return directory.resolve("initrd.img");
    }

    Path commandLineFile() {
        return directory.resolve("cmdline");
    }

    /**
     * The kernel's command line.
     *
     * @param more what is added at the end; may be empty
     * @return the line
     * @throws CommandFailure if the file cannot be read or is longer than any kernel's
     */
    public String commandLine(String more) throws CommandFailure {
        Path file = commandLineFile();
        try {
            if (!Files.exists(file)) {
                return more;
            }
            if (Files.size(file) > LONGEST_LINE) {
                throw new CommandFailure(
                        ExitCodes.BAD_INPUT,
                        file + " has " + Files.size(file) + " bytes; expected one line of at most " + LONGEST_LINE);
            }
            return (Files.readString(file, StandardCharsets.US_ASCII).strip() + " " + more).strip();
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, "can't read " + file + ": " + e.getMessage(), e);
        }
    }
}
