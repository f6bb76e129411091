package dev.cloister.policy.confinement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control group of one VMM process: one folder in each hierarchy that has a controller for it. */
final class ControlGroup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlGroup.class);
    private static final List<String> EVENTS = List.of("memory.events", "memory.oom_control");
    private static final String KILLED = "oom_kill ";

    private final Set<Path> folders;

    ControlGroup(Set<Path> folders) {
        this.folders = Set.copyOf(folders);
    }

    Set<Path> folders() {
        return folders;
    }

    /** Puts a process, with all its threads, into it. */
    void take(int pid) throws IOException {
        for (Path folder : folders) {
            try {
                Files.writeString(folder.resolve("cgroup.procs"), Integer.toString(pid));
            } catch (IOException e) {
                throw new IOException("pid " + pid + " can't be put into " + folder + ": " + e.getMessage(), e);
            }
        }
    }

    /** Whether something in it was killed for want of memory, in words. */
    Optional<String> exhausted() {
        for (Path folder : folders) {
            for (String name : EVENTS) {
                for (String line : lines(folder.resolve(name))) {
                    if (line.startsWith(KILLED) && !line.equals(KILLED + "0")) {
                        return Optional.of("its control group ran out of memory, limit " + limit(folder));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static String limit(Path folder) {
        for (String name : List.of("memory.max", "memory.limit_in_bytes")) {
            for (String line : lines(folder.resolve(name))) {
                return line + " bytes";
            }
        }
        return "unknown";
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Removes it, if nothing is in it any more; otherwise the next daemon's sweep does. */
    @Override
    public void close() {
        for (Path folder : folders) {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException e) {
                LOG.debug("{} stays until what is in it is gone: {}", folder, e.getMessage());
            }
        }
    }
}
