package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Debian packages, fetched by the host's apt and unpacked into a folder of their own; nothing is installed. */
final class DebianArchive {
    private static final String DEPENDS = "Depends: ";
    private static final String KERNEL_PREFIX = "linux-image-";

    private final Path work;

    /**
     * An archive without packages.
     *
     * @param work an empty folder
     */
    DebianArchive(Path work) {
        this.work = work;
    }

    /** The package that holds a kernel: the one that a meta-package depends on, or the package itself. */
    String kernelOf(String name) throws CommandFailure, IOException, InterruptedException {
        return run(List.of("apt-cache", "depends", name), "no package " + name + " in apt's lists; apt-get update")
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith(DEPENDS + KERNEL_PREFIX))
                .map(line -> line.substring(DEPENDS.length()))
                .findFirst()
                .orElse(name);
    }

    /** Fetches and unpacks a package. */
    void fetch(String name) throws CommandFailure, IOException, InterruptedException {
        fetch(List.of(name));
    }

    /** Fetches and unpacks several packages. */
    void fetch(List<String> names) throws CommandFailure, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("apt-get", "-q", "download"));
        command.addAll(names);
        run(command, "apt cannot fetch " + String.join(" ", names) + "; apt-get update, or go online");
        for (String name : names) {
            Path archive = find(work, name + "_").orElseThrow(() -> missing(name + "_*.deb"));
            run(List.of("dpkg-deb", "-x", archive.getFileName().toString(), "root"), name + " cannot be unpacked");
        }
    }

    /** The packages of shared libraries that a package depends on, and those that they depend on. */
    List<String> librariesOf(String name) throws CommandFailure, IOException, InterruptedException {
        List<String> command = List.of(
                "apt-cache",
                "depends",
                "--recurse",
                "--no-recommends",
                "--no-suggests",
                "--no-conflicts",
                "--no-breaks",
                "--no-replaces",
                "--no-enhances",
                name);
        return run(command, "no package " + name + " in apt's lists; apt-get update")
                .lines()
                .filter(line -> line.startsWith("lib"))
                .distinct()
                .toList();
    }

    /** A file of the packages that may be missing. */
    Optional<Path> optionalFile(String directory, String prefix) throws IOException {
        return find(work.resolve("root").resolve(directory), prefix);
    }

    /** A file of the packages. */
    Path file(String directory, String prefix) throws CommandFailure, IOException {
        return find(work.resolve("root").resolve(directory), prefix)
                .orElseThrow(() -> missing(directory + "/" + prefix + "*"));
    }

    /** What is said where the packages lack a file. */
    CommandFailure missing(String file) {
        return new CommandFailure(ExitCodes.HOST, "the packages hold no " + file);
    }

    private static Optional<Path> find(Path directory, String prefix) throws IOException {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .findFirst();
        }
    }

    private String run(List<String> command, String otherwise)
            throws CommandFailure, IOException, InterruptedException {
        Path log = Files.createTempFile(work, "log", "");
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(work.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.HOST, command.getFirst() + " cannot be run: this needs Debian or a system like it", e);
        }
        process.getOutputStream().close();
        int code = process.waitFor();
        String output = Files.readString(log);
        if (code != 0) {
            String last = output.lines().reduce("", (before, line) -> line);
            throw new CommandFailure(
                    ExitCodes.HOST,
                    otherwise + " (" + String.join(" ", command) + " ended with " + code + ": " + last + ")");
        }
        return output;
    }

    /** Removes a folder with all that it holds. */
    static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(directory)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            Files.delete(each);
        }
    }
}
