package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cloister image rootfs}: a Debian system with systemd on a disk, and the kernel that boots it. */
@Command(
        name = "rootfs",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Makes a folder with a Debian kernel and a root disk: an ext4 file system with systemd and a login on"
                    + " the serial port. Uses mmdebstrap or debootstrap, or fetches mmdebstrap through this host's apt"
                    + " without installing it. Needs root, or a user with subordinate ids (/etc/subuid, package"
                    + " uidmap).",
        footer = {
            "",
            "Exits 0, 65 for a bad option, or 69 where the host lacks something; the message says what.",
            "",
            "Example:",
            "  cloister image rootfs debian",
            "  cloister run --image debian --memory 512M",
        })
final class RootfsImageCommand extends DebianImageCommand {
    private static final String COMMAND_LINE = BootFolder.DEFAULT_LINE + " root=/dev/vda";
    private static final long SMALLEST = 512L << 20;
    private static final int GRANULE = 1 << 20;
    private static final String[] BASE = {
        "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "e2fsprogs", "login", "passwd"
    };

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            defaultValue = "2G",
            description = "the disk's size; the file has holes where nothing is (default: ${DEFAULT-VALUE})")
    private long size;

    @Option(
            names = "--include",
            paramLabel = "PACKAGES",
            split = ",",
            description = "further Debian packages, separated by commas")
    private List<String> include = List.of();

    @Option(names = "--hostname", paramLabel = "NAME", description = "the guest's name (default: ${DEFAULT-VALUE})")
    private String hostname = "cloister";

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description = "root's password is this file's first line; without the option root has no password, and is"
                    + " logged in on the serial port unasked")
    private Path passwordFile;

    @Option(
            names = "--suite",
            paramLabel = "SUITE",
            description = "Debian's release, such as bookworm (default: this host's, else bookworm)")
    private String suite = HostSystem.suite();

    @Option(
            names = "--mirror",
            paramLabel = "URI",
            description = "where packages come from (default: what the tool takes, http://deb.debian.org/debian)")
    private String mirror = "";

    private RootDisk maker;

    @Override
    String make(BootFolder folder, DebianArchive archive, Path work)
            throws CommandFailure, IOException, InterruptedException {
        BootFiles files = kernel(archive);
        maker.make(
                new RootDisk.Wish(
                        folder.disk(), size, suite, mirror, packages(), hostname, passwordFile, files.release()),
                work);
        files.write(folder, List.of(Drivers.DISK, Drivers.EXT4), COMMAND_LINE);
        tell("wrote " + folder.disk());
        return " --memory 512M";
    }

    /** All that goes to the tools is looked at here: no text becomes an option or a second command there. */
    @Override
    void check() throws CommandFailure, IOException, InterruptedException {
        require(size >= SMALLEST && size % GRANULE == 0, "--size " + size, "at least 512M, a multiple of 1M");
        require(hostname.matches("[a-z0-9][a-z0-9-]{0,62}"), "--hostname " + hostname, "letters, digits and hyphens");
        require(suite.matches("[a-z][a-z0-9-]*"), "--suite " + suite, "a name such as bookworm");
        require(mirror.isEmpty() || mirror.matches("[a-z+]+:/[!-~]+"), "--mirror " + mirror, "a URI");
        for (String each : include) {
            require(each.matches("[a-z0-9][a-z0-9+.:-]*"), "--include " + each, "names of packages");
        }
        require(
                passwordFile == null || Files.isReadable(passwordFile),
                "--password-file " + passwordFile,
                "a file that can be read");
        maker = RootDisk.onThisHost(this::tell);
    }

    private static void require(boolean condition, String what, String expected) throws CommandFailure {
        if (!condition) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, what + ": expected " + expected);
        }
    }

    private Set<String> packages() {
        Set<String> packages = new LinkedHashSet<>(List.of(BASE));
        packages.addAll(include);
        return packages;
    }
}
