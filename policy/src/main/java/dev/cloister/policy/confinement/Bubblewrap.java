package dev.cloister.policy.confinement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The command line by which bubblewrap, bwrap(1), puts a process into namespaces of its own with a file system of what it must read
 * and nothing else.
 */
final class Bubblewrap {
    /** Where the child finds the pipe on which bubblewrap tells the process' number. */
    static final int INFO_FD = 4;
    /** Where the child finds the pipe by whose end it is let go. */
    static final int BLOCK_FD = 5;

    private static final List<String> FOLDERS = List.of("/usr/bin", "/bin", "/usr/local/bin");
    /** nobody, as far as the namespace is concerned. */
    private static final String ID = "65534";

    static final List<String> NAMESPACES = List.of(
            "--unshare-user",
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--as-pid-1",
            "--uid",
            ID,
            "--gid",
            ID,
            "--hostname",
            "domain",
            "--cap-drop",
            "ALL");

    private final Path program;

    Bubblewrap(Path program) {
        this.program = program;
    }

    /** Looks for the program where the system's programs are. */
    static Optional<Path> installed() {
        return FOLDERS.stream()
                .map(folder -> Path.of(folder, "bwrap"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The whole command line. */
    List<String> around(List<String> command) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(program.toString());
        line.addAll(NAMESPACES);
        ReadablePaths readable = ReadablePaths.of(command);
        for (Path folder : readable.folders()) {
            line.addAll(List.of("--ro-bind", folder.toString(), folder.toString()));
        }
        for (Path link : readable.links()) {
            line.addAll(List.of("--symlink", Files.readSymbolicLink(link).toString(), link.toString()));
        }
        line.addAll(List.of("--proc", "/proc", "--dev-bind", "/dev/null", "/dev/null", "--remount-ro", "/"));
        line.addAll(List.of("--chdir", "/", "--info-fd", "" + INFO_FD, "--block-fd", "" + BLOCK_FD, "--"));
        line.addAll(command);
        return line;
    }
}
