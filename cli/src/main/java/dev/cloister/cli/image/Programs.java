package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs of Debian's with the shared libraries that they ask for, as files of a small root file system. */
final class Programs {
    private static final String LIBRARIES = "lib/x86_64-linux-gnu";
    private static final String LOADER = "ld-linux-x86-64.so.2";

    private Programs() {}

    /**
     * Fetches a program, and the packages of libraries that its package depends on.
     *
     * @param archive where they are unpacked
     * @param name the program, the package's too
     * @return the files by their paths, without a slash before them
     */
    static Map<String, byte[]> fetch(DebianArchive archive, String name)
            throws CommandFailure, IOException, InterruptedException {
        List<String> packages = new ArrayList<>(archive.librariesOf(name));
        packages.add(name);
        archive.fetch(packages);
        Map<String, byte[]> files = new LinkedHashMap<>();
        byte[] program = Files.readAllBytes(archive.file("usr/bin", name));
        files.put("bin/" + name, program);
        files.put("lib64/" + LOADER, library(archive, LOADER));
        Deque<String> wanted = new ArrayDeque<>(SharedLibraries.neededBy(program));
        while (!wanted.isEmpty()) {
            String next = wanted.remove();
            String path = LIBRARIES + "/" + next;
            if (!files.containsKey(path)) {
                byte[] content = library(archive, next);
                files.put(path, content);
                wanted.addAll(SharedLibraries.neededBy(content));
            }
        }
        return files;
    }

    private static byte[] library(DebianArchive archive, String name) throws CommandFailure, IOException {
        for (String directory : List.of(LIBRARIES, "usr/" + LIBRARIES)) {
            Optional<Path> file = archive.optionalFile(directory, name);
            if (file.isPresent()) {
                return Files.readAllBytes(file.get());
            }
        }
        throw archive.missing(name);
    }
}
