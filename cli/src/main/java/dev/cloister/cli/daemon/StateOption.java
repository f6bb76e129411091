package dev.cloister.cli.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/**
 * Where daemons keep their state: a folder with one folder for each running policy, by the policy's name; in it
 * {@code control.sock} and {@code audit.log}.
 */
public final class StateOption {
    /** Name of the control socket in a policy's folder. */
    public static final String CONTROL_SOCKET = "control.sock";
    /** Name of the audit log in a policy's folder. */
    public static final String AUDIT_LOG = "audit.log";

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description = "folder for sockets and audit logs (default: $CLOISTER_STATE, else "
                    + "$XDG_STATE_HOME/cloister, else ~/.local/state/cloister)")
    private Path dir;

    /** Returns the folder that holds a folder for each policy. */
    public Path root() {
        if (dir != null) {
            return dir.toAbsolutePath().normalize();
        }
        String own = System.getenv("CLOISTER_STATE");
        if (own != null && !own.isEmpty()) {
            return Path.of(own).toAbsolutePath().normalize();
        }
        String xdg = System.getenv("XDG_STATE_HOME");
        if (xdg != null && !xdg.isEmpty()) {
            return Path.of(xdg, "cloister").toAbsolutePath().normalize();
        }
        // The shell's home: Java's own is the password file's, which is another for many services and containers.
        String shellHome = System.getenv("HOME");
        String home = shellHome != null && !shellHome.isEmpty() ? shellHome : System.getProperty("user.home");
        return Path.of(home, ".local", "state", "cloister").toAbsolutePath().normalize();
    }

    /** Returns one policy's folder. */
    public Path of(String policy) {
        return root().resolve(policy);
    }

    /** Returns the folders that hold a file of that name, sorted; empty where there is none. */
    public List<Path> having(String file) throws IOException {
        if (!Files.isDirectory(root())) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(root())) {
            return folders.filter(folder -> Files.exists(folder.resolve(file)))
                    .sorted()
                    .toList();
        }
    }
}
