package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cloister image linux}: Debian's newest cloud kernel and a small root file system in memory. */
@Command(
        name = "linux",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Makes a folder with a Debian kernel and a root file system in memory that ends in a busybox shell."
                    + " The packages come from the package lists of this host's apt; nothing is installed, no root is"
                    + " needed.",
        footer = {
            "",
            "Exits 0, or 69 where apt is missing or brings nothing.",
            "",
            "Example:",
            "  cloister image linux guest",
            "  cloister run --image guest",
        })
final class LinuxImageCommand extends DebianImageCommand {
    private static final String SOCAT = "socat";

    @Option(
            names = "--drivers",
            split = ",",
            paramLabel = "GROUP",
            description = "the drivers that the root file system holds, each loaded where its device is found:"
                    + " ${COMPLETION-CANDIDATES} (default: all)")
    private List<Drivers> drivers = List.of(Drivers.values());

    @Option(
            names = "--no-socat",
            description = "leave out socat, which joins sockets (AF_VSOCK too) with programs, and its libraries")
    private boolean noSocat;

    @Override
    String make(BootFolder folder, DebianArchive archive, Path work)
            throws CommandFailure, IOException, InterruptedException {
        kernel(archive).write(folder, drivers, programs(archive), BootFolder.DEFAULT_LINE);
        return "";
    }

    private Map<String, byte[]> programs(DebianArchive archive)
            throws CommandFailure, IOException, InterruptedException {
        if (noSocat) {
            return Map.of();
        }
        tell("fetching " + SOCAT + " and its libraries");
        return Programs.fetch(archive, SOCAT);
    }
}
