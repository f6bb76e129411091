package dev.cloister.it.assurance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The source tree as the assurance pages see it. */
final class Sources {
    private static final List<String> MODULES =
            List.of("kvm-binding", "mmu", "emulator", "devices", "policy", "vmm-core", "cli", "it-tests");

    private Sources() {}

    /** Finds the source of a class, main or test. */
    static Optional<Path> of(String className) {
        String file = className.replace('.', '/') + ".java";
        return MODULES.stream()
                .flatMap(module ->
                        Stream.of("main", "test").map(kind -> Path.of("..", module, "src", kind, "java", file)))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** Returns every package with main code. */
    static Set<String> packages() throws IOException {
        Set<String> all = new TreeSet<>();
        for (String module : MODULES) {
            Path root = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> files = Files.walk(root)) {
                files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
                        .map(file ->
                                root.relativize(file.getParent()).toString().replace('/', '.'))
                        .forEach(all::add);
            }
        }
        return all;
    }
}
