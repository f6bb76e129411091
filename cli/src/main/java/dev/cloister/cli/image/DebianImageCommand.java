package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the commands share that make a folder with a Debian kernel; packages are kept in it while they work. */
abstract class DebianImageCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "the folder; made if it is missing, its files replaced")
    private Path directory;

    @Option(
            names = "--kernel",
            paramLabel = "PACKAGE",
            description = "the kernel's Debian package, or one that depends on it (default: ${DEFAULT-VALUE})")
    private String kernel = "linux-image-cloud-amd64";

    /** Looks at the options and at the host, before anything is made. */
    void check() throws CommandFailure, IOException, InterruptedException {
        // Most options say all themselves.
    }

    /**
     * Makes the folder's files.
     *
     * @param folder the folder
     * @param archive where packages come from
     * @param work an empty folder in it, deleted afterwards; absolute
     * @return options that {@code run} needs besides the image, each with a blank in front
     */
    abstract String make(BootFolder folder, DebianArchive archive, Path work)
            throws CommandFailure, IOException, InterruptedException;

    @Override
    public final Integer call() throws CommandFailure, IOException, InterruptedException {
        check();
        BootFolder folder = new BootFolder(directory);
        Files.createDirectories(directory);
        Path work = Files.createTempDirectory(directory, ".packages").toAbsolutePath();
        try {
            String options = make(folder, new DebianArchive(work), work);
            tell("start it: cloister run --image " + directory + options);
        } finally {
            DebianArchive.delete(work);
        }
        return ExitCodes.OK;
    }

    /** Fetches the kernel. */
    final BootFiles kernel(DebianArchive archive) throws CommandFailure, IOException, InterruptedException {
        return BootFiles.fetch(kernel, archive, this::tell);
    }

    /** Says something to the operator. */
    final void tell(String text) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("cloister: " + text);
        err.flush();
    }
}
