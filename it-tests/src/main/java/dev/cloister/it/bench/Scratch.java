package dev.cloister.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Folders of one benchmark each. */
final class Scratch {
    /** {@code sun_path} of unix(7) less {@code /state/control.sock}. */
    private static final int LONGEST = 80;

    private Scratch() {}

    /** Makes an empty folder, in the system's temporary folder where this path is too long for a socket. */
    static Path fresh(Path below, String name) throws IOException {
        Path folder = below.resolve(name);
        if (folder.toString().length() > LONGEST) {
            return Files.createTempDirectory("cloister-bench");
        }
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        return Files.createDirectories(folder);
    }

    /** Reads what the machine is, for the head of a report. */
    static List<String> machine() throws IOException {
        String model = "";
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("model name")) {
                model = line.substring(line.indexOf(':') + 1).strip();
            }
        }
        return List.of(
                Runtime.getRuntime().availableProcessors() + " processors, " + model,
                Files.readString(Path.of("/proc/version")).strip(),
                "JDK " + Runtime.version(),
                "load average " + Files.readString(Path.of("/proc/loadavg")).strip());
    }
}
