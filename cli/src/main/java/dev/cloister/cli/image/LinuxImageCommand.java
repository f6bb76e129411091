package dev.cloister.cli.image;

import dev.cloister.cli.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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
final class LinuxImageCommand implements Callable<Integer> {
    private static final String BUSYBOX = "busybox-static";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "the folder; made if it is missing, its files replaced")
    private Path directory;

    @Option(
            names = "--kernel",
            paramLabel = "PACKAGE",
            description = "the kernel's Debian package, or one that depends on it (default: ${DEFAULT-VALUE})")
    private String kernel = "linux-image-cloud-amd64";

    @Override
    public Integer call() throws CommandFailure, IOException, InterruptedException {
        BootFolder folder = new BootFolder(directory);
        Files.createDirectories(directory);
        Path work = Files.createTempDirectory(directory, ".packages");
        try {
            DebianArchive archive = new DebianArchive(work);
            tell("looking for the package of " + kernel);
            String name = archive.kernelOf(kernel);
            tell("fetching " + name);
            archive.fetch(name);
            tell("fetching " + BUSYBOX);
            archive.fetch(BUSYBOX);
            write(archive, folder, name);
        } finally {
            DebianArchive.delete(work);
        }
        tell("start it: cloister run --image " + directory);
        return 0;
    }

    private void write(DebianArchive archive, BootFolder folder, String name) throws CommandFailure, IOException {
        Path image = archive.file("boot", "vmlinuz-");
        Files.move(image, folder.kernel(), StandardCopyOption.REPLACE_EXISTING);
        tell("wrote " + folder.kernel() + ": " + name + ", " + mebibytes(Files.size(folder.kernel())));
        byte[] root = InitialRoot.of(Files.readAllBytes(archive.file("bin", "busybox")), drivers(archive, name));
        Files.write(folder.initrd(), root);
        tell("wrote " + folder.initrd() + ": " + mebibytes(root.length));
        Files.writeString(folder.commandLineFile(), BootFolder.DEFAULT_LINE + "\n", StandardCharsets.US_ASCII);
    }

    /** Those drivers that are modules of this kernel; others are in it, or it has none. */
    private static Map<String, byte[]> drivers(DebianArchive archive, String kernelPackage) throws IOException {
        String tree = "lib/modules/" + kernelPackage.replaceFirst("^linux-image-", "") + "/kernel/drivers/";
        Map<String, byte[]> drivers = new LinkedHashMap<>();
        for (String module : InitialRoot.MODULES) {
            String name = InitialRoot.nameOf(module);
            String directory = tree + module.substring(0, module.length() - name.length());
            Optional<Path> file = archive.optionalFile(directory, name + ".ko");
            if (file.isPresent()) {
                drivers.put(file.get().getFileName().toString(), Files.readAllBytes(file.get()));
            }
        }
        return drivers;
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }

    private void tell(String text) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("cloister: " + text);
        err.flush();
    }
}
