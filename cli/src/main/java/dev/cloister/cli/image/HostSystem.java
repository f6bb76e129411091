package dev.cloister.cli.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What this host is and which programs it has. */
final class HostSystem {
    private static final Path RELEASE = Path.of("/etc/os-release");
    private static final String OTHERWISE = "bookworm";
    /** Where programs for root are; not on everybody's PATH. */
    private static final List<String> FURTHER = List.of("/usr/local/sbin", "/usr/sbin", "/sbin");

    private HostSystem() {}

    /** The release of Debian that runs here; where none does, one that Cloister was tried with. */
    static String suite() {
        try {
            return suite(Files.readString(RELEASE));
        } catch (IOException e) {
            return OTHERWISE;
        }
    }

    /** The release of Debian that a text in the form of os-release(5) names. */
    static String suite(String osRelease) {
        Map<String, String> values = osRelease
                .lines()
                .map(line -> line.split("=", 2))
                .filter(parts -> parts.length == 2)
                .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1].replace("\"", ""), (a, b) -> b));
        boolean debian = "debian".equals(values.get("ID"));
        return debian ? values.getOrDefault("VERSION_CODENAME", OTHERWISE) : OTHERWISE;
    }

    /** A program on the PATH or where programs for root are. */
    static Optional<Path> program(String name) {
        Stream<String> path =
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).filter(each -> each.startsWith("/"));
        return Stream.concat(path, FURTHER.stream())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
