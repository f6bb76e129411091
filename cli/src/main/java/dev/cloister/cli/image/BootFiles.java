package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A kernel's package and busybox, fetched and unpacked: what a {@link BootFolder} is written from.
 *
 * @param archive where they are unpacked
 * @param packageName the kernel's package
 * @param progress is told what is done, one line each
 */
record BootFiles(DebianArchive archive, String packageName, Consumer<String> progress) {
    private static final String BUSYBOX = "busybox-static";

    /** Fetches a kernel's package, or the one that a meta-package depends on, and busybox. */
    static BootFiles fetch(String kernel, DebianArchive archive, Consumer<String> progress)
            throws CommandFailure, IOException, InterruptedException {
        progress.accept("looking for the package of " + kernel);
        String name = archive.kernelOf(kernel);
        progress.accept("fetching " + name);
        archive.fetch(name);
        progress.accept("fetching " + BUSYBOX);
        archive.fetch(BUSYBOX);
        return new BootFiles(archive, name, progress);
    }

    /** The kernel's version, as {@code uname -r} will say it. */
    String release() {
        return packageName.replaceFirst("^linux-image-", "").replaceFirst("-unsigned$", "");
    }

    /** Writes kernel, initial RAM disk with drivers, and command line; the kernel leaves the archive. */
    void write(BootFolder folder, Collection<Drivers> groups, String commandLine) throws CommandFailure, IOException {
        write(folder, groups, Map.of(), commandLine);
    }

    /** The same, with further programs and what they need, by their paths. */
    void write(BootFolder folder, Collection<Drivers> groups, Map<String, byte[]> programs, String commandLine)
            throws CommandFailure, IOException {
        Path image = archive.file("boot", "vmlinuz-");
        Files.move(image, folder.kernel(), StandardCopyOption.REPLACE_EXISTING);
        progress.accept(
                "wrote " + folder.kernel() + ": " + packageName + ", " + mebibytes(Files.size(folder.kernel())));
        byte[] root = InitialRoot.of(
                Files.readAllBytes(archive.file("bin", "busybox")),
                Drivers.files(archive, release(), groups),
                programs);
        Files.write(folder.initrd(), root);
        progress.accept("wrote " + folder.initrd() + ": " + mebibytes(root.length));
        Files.writeString(folder.commandLineFile(), commandLine + "\n", StandardCharsets.US_ASCII);
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
