package dev.cloister.policy.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A mounted control group hierarchy, cgroups(7).
 *
 * @param v2 whether it is the one hierarchy of version 2
 * @param mount where it is mounted
 * @param own the folder of the group that this process is in
 */
public record CgroupMount(boolean v2, Path mount, Path own) {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path OWN_GROUPS = Path.of("/proc/self/cgroup");
    private static final int MOUNT_POINT = 4;
    private static final String TYPE_V2 = "cgroup2";
    private static final String TYPE_V1 = "cgroup";

    /** Returns the hierarchy of version 2 of this host. */
    public static Optional<CgroupMount> unified() {
        return unified(lines(MOUNTS), lines(OWN_GROUPS));
    }

    /**
     * Returns the hierarchy of version 1 with a controller.
     *
     * @param controller its name in version 1, such as {@code freezer}
     */
    public static Optional<CgroupMount> v1(String controller) {
        return v1(controller, lines(MOUNTS), lines(OWN_GROUPS));
    }

    /**
     * As {@link #unified()}, from the text of proc_pid_mountinfo(5) and of /proc/self/cgroup.
     *
     * @param mountinfo lines of the one
     * @param groups lines of the other
     */
    public static Optional<CgroupMount> unified(List<String> mountinfo, List<String> groups) {
        return find(TYPE_V2, "", mountinfo, groups);
    }

    /**
     * As {@link #v1(String)}, from text.
     *
     * @param controller its name
     * @param mountinfo lines of the one
     * @param groups lines of the other
     */
    public static Optional<CgroupMount> v1(String controller, List<String> mountinfo, List<String> groups) {
        return find(TYPE_V1, controller, mountinfo, groups);
    }

    private static Optional<CgroupMount> find(
            String type, String controller, List<String> mountinfo, List<String> groups) {
        for (String line : mountinfo) {
            int dash = line.indexOf(" - ");
            String[] system =
                    dash < 0 ? new String[] {""} : line.substring(dash + 3).split(" ");
            String options = system[system.length - 1];
            if (system[0].equals(type) && (controller.isEmpty() || holds(options, controller))) {
                Path mount = Path.of(line.split(" ")[MOUNT_POINT]);
                return Optional.of(
                        new CgroupMount(controller.isEmpty(), mount, mount.resolve(own(groups, controller))));
            }
        }
        return Optional.empty();
    }

    /** The group that this process is in, relative to the mount; version 2 has no controllers' names. */
    private static String own(List<String> groups, String controller) {
        for (String line : groups) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && (controller.isEmpty() ? parts[1].isEmpty() : holds(parts[1], controller))) {
                return parts[2].substring(1);
            }
        }
        return "";
    }

    private static boolean holds(String list, String name) {
        return List.of(list.split(",")).contains(name);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
