package dev.cloister.it.gates;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The checked-out source tree that the gates read. */
final class SourceTree {
    static final Path ROOT = root();

    private SourceTree() {}

    private static Path root() {
        Path dir = Path.of("").toAbsolutePath();
        while (dir != null && !Files.isDirectory(dir.resolve("kvm-binding"))) {
            dir = dir.getParent();
        }
        if (dir == null) {
            throw new IllegalStateException("run from inside the source tree");
        }
        return dir;
    }

    /** Hand-written Java sources of all modules: generated bindings are checked by other means. */
    static List<Path> javaSources() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(p -> p.toString().endsWith(".java"))
                    .filter(p -> !relative(p).contains("/target/"))
                    .filter(p -> !relative(p).contains("/generated/"))
                    .sorted()
                    .toList();
        }
    }

    static String relative(Path path) {
        return "/" + ROOT.relativize(path);
    }
}
