package dev.cloister.policy.confinement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a VMM process must be able to read until it is in its sandbox: its Java, the folders of the system's libraries that a Java
 * process maps, and what its command line names. Found by looking at this very process, which is one of the same kind.
 */
record ReadablePaths(Set<Path> folders, Set<Path> links) {
    private static final Path MAPS = Path.of("/proc/self/maps");
    /** Where the program interpreter of x86-64 is looked for, psABI. */
    private static final Path INTERPRETER = Path.of("/lib64/ld-linux-x86-64.so.2");

    private static final int CONF_DEPTH = 3;

    static ReadablePaths of(List<String> command) throws IOException {
        Set<Path> paths = new TreeSet<>();
        Path java = Path.of(command.getFirst());
        paths.add(parent(java));
        Path home = parent(parent(java.toRealPath()));
        paths.add(home);
        linkedFrom(home, paths);
        for (String line : Files.readAllLines(MAPS)) {
            int path = line.indexOf('/');
            if (path >= 0 && line.contains(".so")) {
                Path library = Path.of(line.substring(path));
                if (!library.startsWith(home) && Files.isRegularFile(library)) {
                    paths.add(parent(library));
                }
            }
        }
        Path interpreter = parent(INTERPRETER);
        if (Files.exists(interpreter)) {
            paths.add(interpreter.toRealPath());
        }
        command.subList(1, command.size()).forEach(argument -> named(argument, paths));
        Set<Path> links = new TreeSet<>();
        for (String name : List.of("/lib", "/lib64")) {
            if (Files.isSymbolicLink(Path.of(name))) {
                links.add(Path.of(name));
            }
        }
        return new ReadablePaths(outermost(paths), links);
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    /** Distributions keep a JDK's configuration in /etc, with links from where Java looks for it. */
    private static void linkedFrom(Path home, Set<Path> paths) throws IOException {
        for (String part : List.of("conf", "lib")) {
            if (Files.isDirectory(home.resolve(part))) {
                try (var found = Files.walk(home.resolve(part), CONF_DEPTH)) {
                    for (Path link : found.filter(ReadablePaths::needed).toList()) {
                        Path target = real(link).orElse(home);
                        if (!target.startsWith(home)) {
                            paths.add(target);
                        }
                    }
                }
            }
        }
    }

    /** Without the certificates of authorities: a VMM talks to nobody. */
    private static boolean needed(Path path) {
        return Files.isSymbolicLink(path) && !path.endsWith("cacerts");
    }

    private static Optional<Path> real(Path path) {
        try {
            return Optional.of(path.toRealPath());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Files and folders that an argument names, by itself, after an equals sign, or as a class path. */
    private static void named(String argument, Set<Path> paths) {
        for (String part : argument.substring(argument.indexOf('=') + 1).split(":")) {
            if (part.startsWith("/") && Files.exists(Path.of(part))) {
                Path path = Path.of(part).normalize();
                // An archive's manifest names others beside it.
                paths.add(part.endsWith(".jar") ? parent(path) : path);
            }
        }
    }

    /** Without what is inside another one: a mount covers all below. */
    private static Set<Path> outermost(Set<Path> paths) {
        Set<Path> kept = new TreeSet<>();
        for (Path path : paths) {
            if (kept.stream().noneMatch(path::startsWith)) {
                kept.add(path);
            }
        }
        return kept;
    }
}
