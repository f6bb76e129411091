package dev.cloister.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Files out of Debian packages, for tests that need images which others made. A package is downloaded with {@code apt-get
 * download} and unpacked with {@code dpkg-deb -x}, both once, into a folder of the build; nothing is installed. Where that
 * can't be done (no apt, no network) the reason is printed and there is no file.
 */
public final class DebianPackages {
    private static final Path DEFAULT_FOLDER = Path.of("target", "debian");
    private static final long COMMAND_SECONDS = 120;
    private static final String KERNEL_META = "linux-image-cloud-amd64";

    private final Path folder;

    /**
     * Uses a folder as the cache.
     *
     * @param folder where packages go; made when needed
     */
    public DebianPackages(Path folder) {
        this.folder = folder;
    }

    /**
     * The cache of this module's build, {@code target/debian} in the working directory of its tests.
     *
     * @return packages kept there
     */
    public static DebianPackages ofBuild() {
        return new DebianPackages(DEFAULT_FOLDER);
    }

    /**
     * The kernel image of Debian's {@code linux-image-cloud-amd64}, whichever version the package lists name.
     *
     * @return {@code boot/vmlinuz-…}, or nothing with the reason printed
     */
    public Optional<Path> cloudKernel() {
        return found("boot", "vmlinuz-", KERNEL_META + " (any version)")
                .or(() -> kernelPackage().flatMap(name -> fetch(name, "boot", "vmlinuz-")));
    }

    /**
     * The newest of Debian's cloud kernels of one series, by the package lists: bookworm has 6.1, and 6.12 beside it.
     *
     * @param series the first two numbers, such as {@code 6.12}
     * @return the package's name, or nothing with the reason printed
     */
    public Optional<String> cloudKernelPackage(String series) {
        Optional<String> name = newestOf(series);
        if (name.isEmpty() && isRoot()) {
            run(List.of("apt-get", "-q", "update"));
            name = newestOf(series);
        }
        if (name.isEmpty()) {
            skip("linux-image-" + series + ".*-cloud-amd64", "apt-cache knows none (no apt, or another release)");
        }
        return name;
    }

    private Optional<String> newestOf(String series) {
        String pattern = "^linux-image-" + series.replace(".", "\\.") + "\\.[^-]*(-[0-9]+)?-cloud-amd64$";
        return run(List.of("apt-cache", "search", "--names-only", pattern)).stream()
                .map(line -> line.split(" ", 2)[0])
                .max(DebianPackages::compareNumbers);
    }

    /** Compares the numbers in two names, the first that differ decide. */
    private static int compareNumbers(String one, String other) {
        return Arrays.compare(numbers(one), numbers(other));
    }

    private static long[] numbers(String name) {
        return Pattern.compile("[0-9]{1,18}")
                .matcher(name)
                .results()
                .mapToLong(found -> Long.parseLong(found.group()))
                .toArray();
    }

    /**
     * An image of Debian's {@code seabios} package; the installed one, where it is installed.
     *
     * @param name {@code bios.bin} (128 KiB) or {@code bios-256k.bin}
     * @return the file, or nothing with the reason printed
     */
    public Optional<Path> seabios(String name) {
        Path installed = Path.of("/usr/share/seabios", name);
        if (Files.isReadable(installed)) {
            return Optional.of(installed);
        }
        return fetch("seabios", "usr/share/seabios", name);
    }

    /**
     * A file of any package.
     *
     * @param packageName the package
     * @param directory the file's directory in it, relative to the root
     * @param name how the file's name begins
     * @return the file, or nothing with the reason printed
     */
    public Optional<Path> file(String packageName, String directory, String name) {
        return fetch(packageName, directory, name);
    }

    /**
     * Debian's {@code bubblewrap}; the one on the PATH, where there is one.
     *
     * @return the program; empty, with the reason printed, where it can't be had
     */
    public Optional<Path> bubblewrap() {
        return onPath("bwrap").or(() -> fetch("bubblewrap", "usr/bin", "bwrap")).map(Path::toAbsolutePath);
    }

    /**
     * The model checker of Debian's {@code spin} package; the one on the PATH, where there is one.
     *
     * @return the program, or nothing with the reason printed
     */
    public Optional<Path> spin() {
        return onPath("spin").or(() -> fetch("spin", "usr/bin", "spin").map(Path::toAbsolutePath));
    }

    /**
     * ACPICA's compiler of Debian's {@code acpica-tools} package; the one on the PATH, where there is one.
     *
     * @return the program, or nothing with the reason printed
     */
    public Optional<Path> iasl() {
        return onPath("iasl").or(() -> fetch("acpica-tools", "usr/bin", "iasl").map(Path::toAbsolutePath));
    }

    /**
     * Finds a program on the PATH.
     *
     * @param program its name
     * @return its file
     */
    public static Optional<Path> onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Debian's Chromium with its driver; the installed ones, where they are installed. Together with them come the packages that
     * they need and the machine lacks.
     *
     * @return what starts them, or nothing with the reason printed
     */
    public Optional<Browser> chromium() {
        Path binary = Path.of("/usr/bin/chromium");
        Path driver = Path.of("/usr/bin/chromedriver");
        if (Files.isExecutable(binary) && Files.isExecutable(driver)) {
            return Optional.of(new Browser(binary, driver, Map.of()));
        }
        Optional<Browser> browser = unpackedBrowser();
        if (browser.isEmpty()) {
            List<String> needed = neededByBrowser();
            if (needed.isEmpty() && isRoot()) {
                run(List.of("apt-get", "-q", "update"));
                needed = neededByBrowser();
            }
            // The browser last: while it is there, all is there.
            needed.stream().sorted(Comparator.comparing("chromium"::equals)).forEach(this::unpack);
        }
        browser = unpackedBrowser();
        if (browser.isEmpty()) {
            skip("chromium", "it can't be downloaded here (no apt, or offline)");
        }
        return browser;
    }

    /**
     * A browser.
     *
     * @param binary its program
     * @param driver the program by which tests drive it
     * @param environment what both need to find their libraries and fonts
     */
    public record Browser(Path binary, Path driver, Map<String, String> environment) {}

    private Optional<Browser> unpackedBrowser() {
        Path root = folder.resolve("unpacked").toAbsolutePath();
        Path binary = root.resolve("usr/lib/chromium/chromium");
        Path driver = root.resolve("usr/bin/chromedriver");
        if (!Files.isExecutable(binary) || !Files.isExecutable(driver)) {
            return Optional.empty();
        }
        String libraries = String.join(
                ":",
                root + "/usr/lib/x86_64-linux-gnu",
                root + "/usr/lib/x86_64-linux-gnu/nss",
                root + "/lib/x86_64-linux-gnu");
        Map<String, String> environment = new HashMap<>(Map.of("LD_LIBRARY_PATH", libraries));
        if (!Files.isDirectory(Path.of("/etc/fonts"))) {
            environment.put("FONTCONFIG_PATH", root + "/etc/fonts");
            environment.put("XDG_DATA_HOME", root + "/usr/share");
        }
        return Optional.of(new Browser(binary, driver, Map.copyOf(environment)));
    }

    /** What apt would install here; it is only asked, nothing is installed. */
    private List<String> neededByBrowser() {
        String prefix = "Inst ";
        return run(List.of("apt-get", "-s", "--no-install-recommends", "install", "chromium", "chromium-driver"))
                .stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()).split(" ", 2)[0])
                .toList();
    }

    private synchronized void unpack(String packageName) {
        run(List.of("apt-get", "-q", "download", packageName));
        firstIn(folder, packageName + "_", ".deb")
                .ifPresent(archive ->
                        run(List.of("dpkg-deb", "-x", archive.getFileName().toString(), "unpacked")));
    }

    /** The package that the kernel's meta-package depends on. */
    private Optional<String> kernelPackage() {
        Optional<String> name = kernelDependency();
        if (name.isEmpty() && isRoot()) {
            // A fresh container has no package lists; only root may fetch them.
            run(List.of("apt-get", "-q", "update"));
            name = kernelDependency();
        }
        if (name.isEmpty()) {
            skip(KERNEL_META, "apt-cache knows no such package (no apt, or no package lists: apt-get update)");
        }
        return name;
    }

    private Optional<String> kernelDependency() {
        String prefix = "Depends: ";
        return run(List.of("apt-cache", "depends", KERNEL_META)).stream()
                .map(String::strip)
                .filter(line -> line.startsWith(prefix + "linux-image-"))
                .map(line -> line.substring(prefix.length()))
                .findFirst();
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private synchronized Optional<Path> fetch(String packageName, String directory, String prefix) {
        Optional<Path> cached = found(directory, prefix, packageName);
        if (cached.isPresent()) {
            return cached;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            return skip(packageName, "no folder " + folder + ": " + e);
        }
        run(List.of("apt-get", "-q", "download", packageName));
        Optional<Path> archive = firstIn(folder, packageName + "_", ".deb");
        if (archive.isEmpty()) {
            return skip(packageName, "apt-get download brought nothing (offline, or no package lists)");
        }
        run(List.of("dpkg-deb", "-x", archive.get().getFileName().toString(), "unpacked"));
        Optional<Path> file = found(directory, prefix, packageName);
        return file.isPresent() ? file : skip(packageName, "it holds no " + directory + "/" + prefix + "*");
    }

    private Optional<Path> found(String directory, String prefix, String packageName) {
        Optional<Path> file = firstIn(folder.resolve("unpacked").resolve(directory), prefix, "");
        file.ifPresent(path -> System.out.println(packageName + ": " + path));
        return file;
    }

    private static Optional<Path> firstIn(Path directory, String prefix, String suffix) {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(path -> {
                        String name = path.getFileName().toString();
                        return name.startsWith(prefix) && name.endsWith(suffix) && Files.isReadable(path);
                    })
                    .sorted()
                    .findFirst();
        } catch (IOException e) {
            System.out.println(directory + " can't be listed: " + e);
            return Optional.empty();
        }
    }

    private static Optional<Path> skip(String packageName, String reason) {
        System.out.println("no Debian package " + packageName + ": " + reason);
        return Optional.empty();
    }

    /** Runs a command in the folder; its output's lines, or none where it fails, is missing or takes too long. */
    private List<String> run(List<String> command) {
        try {
            Files.createDirectories(folder);
            Path output = Files.createTempFile(folder, "command", ".txt");
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            process.getOutputStream().close();
            boolean ended = process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            List<String> lines = new ArrayList<>(Files.readAllLines(output));
            Files.delete(output);
            if (ended && process.exitValue() == 0) {
                return lines;
            }
            System.out.println(String.join(" ", command)
                    + (ended ? " ended with " + process.exitValue() : " took longer than " + COMMAND_SECONDS + " s")
                    + (lines.isEmpty() ? "" : ": " + lines.getLast()));
        } catch (IOException e) {
            System.out.println(String.join(" ", command) + " can't be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return List.of();
    }
}
