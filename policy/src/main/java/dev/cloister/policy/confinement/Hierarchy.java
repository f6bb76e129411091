package dev.cloister.policy.confinement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A place in a control group hierarchy where groups with some controller can be made.
 *
 * @param v2 whether it is the one hierarchy of version 2
 * @param parent the group under which ours are made
 */
record Hierarchy(boolean v2, Path parent) {
    private static final int MOUNT_POINT = 4;
    private static final String PROCESSES = "cgroup.procs";
    private static final String SUBTREE = "cgroup.subtree_control";
    /** Where the processes of a delegated group go, since a group with controllers for its children has none itself. */
    private static final String HOST_LEAF = "cloister-host";

    /** Finds a place for each controller; what can't be had is absent. */
    static Map<Controller, Hierarchy> find(List<String> mountinfo, List<String> own) {
        Map<Controller, Hierarchy> found = new EnumMap<>(Controller.class);
        for (Controller controller : Controller.values()) {
            v2(controller, mountinfo, own)
                    .or(() -> v1(controller, mountinfo, own))
                    .ifPresent(place -> found.put(controller, place));
        }
        return found;
    }

    private static Optional<Hierarchy> v1(Controller controller, List<String> mountinfo, List<String> own) {
        return mount(mountinfo, "cgroup", controller.v1()).flatMap(mount -> {
            for (Path parent : List.of(mount.resolve(path(own, controller.v1())), mount)) {
                Hierarchy place = new Hierarchy(false, parent);
                if (place.usable(controller)) {
                    return Optional.of(place);
                }
            }
            return Optional.empty();
        });
    }

    private static Optional<Hierarchy> v2(Controller controller, List<String> mountinfo, List<String> own) {
        return mount(mountinfo, "cgroup2", "").flatMap(mount -> {
            Path mine = mount.resolve(path(own, ""));
            // Once in the leaf, its parent is the group that was delegated.
            Path delegated = mine.endsWith(HOST_LEAF) ? mine.getParent() : mine;
            for (Path parent : List.of(mount, delegated)) {
                if (enabled(parent, controller) || !parent.equals(mount) && delegate(parent, controller)) {
                    return Optional.of(new Hierarchy(true, parent));
                }
            }
            return Optional.empty();
        });
    }

    /** Whether groups under a parent have a controller; turned on if that is possible. */
    private static boolean enabled(Path parent, Controller controller) {
        try {
            if (!Files.isWritable(parent)) {
                return false;
            }
            if (!words(parent.resolve(SUBTREE)).contains(controller.v2())) {
                if (!words(parent.resolve("cgroup.controllers")).contains(controller.v2())) {
                    return false;
                }
                Files.writeString(parent.resolve(SUBTREE), "+" + controller.v2());
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Empties a group that was delegated to this user, so that it can have controllers for its children; then turns one on. */
    private static boolean delegate(Path parent, Controller controller) {
        try {
            if (!words(parent.resolve("cgroup.controllers")).contains(controller.v2())
                    || !Files.isWritable(parent.resolve(PROCESSES))) {
                return false;
            }
            Path leaf = parent.resolve(HOST_LEAF);
            if (!Files.isDirectory(leaf)) {
                Files.createDirectory(leaf);
            }
            for (String pid : Files.readAllLines(parent.resolve(PROCESSES))) {
                Files.writeString(leaf.resolve(PROCESSES), pid);
            }
            return enabled(parent, controller);
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether a group can be made here and has the controller's file. */
    private boolean usable(Controller controller) {
        Path probe = parent.resolve(
                ControlGroups.PREFIX + "probe-" + ProcessHandle.current().pid());
        try {
            Files.createDirectory(probe);
            try {
                return GroupFiles.of(this, controller, probe).isPresent();
            } finally {
                Files.delete(probe);
            }
        } catch (IOException e) {
            return false;
        }
    }

    private static Set<String> words(Path file) throws IOException {
        return Set.of(Files.readString(file).strip().split("\\s+"));
    }

    /** Where a hierarchy is mounted, proc_pid_mountinfo(5). */
    private static Optional<Path> mount(List<String> mountinfo, String type, String controller) {
        for (String line : mountinfo) {
            int dash = line.indexOf(" - ");
            String[] system =
                    dash < 0 ? new String[] {""} : line.substring(dash + 3).split(" ");
            List<String> options = new ArrayList<>(List.of(system[system.length - 1].split(",")));
            if (system[0].equals(type) && (controller.isEmpty() || options.contains(controller))) {
                return Optional.of(Path.of(line.split(" ")[MOUNT_POINT]));
            }
        }
        return Optional.empty();
    }

    /** The group that this process is in, relative to the mount, cgroups(7); version 2 has no controllers' names. */
    private static String path(List<String> own, String controller) {
        for (String line : own) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3
                    && (controller.isEmpty()
                            ? parts[1].isEmpty()
                            : List.of(parts[1].split(",")).contains(controller))) {
                return parts[2].substring(1);
            }
        }
        return "";
    }
}
