package dev.cloister.policy.cgroup;

import dev.cloister.linux.HostUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Hands a part of a hierarchy to another user: cgroup-v2.rst ("Delegation"), and the same by hand in version 1. Stateless. */
public final class Delegation {
    /** Where the processes of a delegated group go in version 2, since a group with controllers for its children has none itself. */
    public static final String HOST_LEAF = "cloister-host";

    private static final List<String> FILES =
            List.of("cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks");

    private Delegation() {}

    /**
     * Makes a group in which a user may make groups; in version 2 moves this process into a leaf of it, for nobody else may move
     * processes across its border.
     *
     * @param v2 whether the hierarchy is of version 2
     * @param parent the group in which it is made
     * @param user the user
     * @return the group's folder; it stays, and is found again, when the daemon has ended
     * @throws IOException if the kernel refuses
     */
    public static Path to(boolean v2, Path parent, HostUser user) throws IOException {
        Path group = Files.createDirectories(parent.resolve("cloister-user-" + user.uid()));
        own(group, user);
        if (v2) {
            Path leaf = Files.createDirectories(group.resolve(HOST_LEAF));
            own(leaf, user);
            Files.writeString(
                    leaf.resolve("cgroup.procs"),
                    Long.toString(ProcessHandle.current().pid()));
        }
        return group;
    }

    private static void own(Path group, HostUser user) throws IOException {
        user.own(group);
        for (String name : FILES) {
            Path file = group.resolve(name);
            if (Files.exists(file)) {
                user.own(file);
            }
        }
    }
}
