package dev.cloister.policy.confinement;

import dev.cloister.linux.HostUser;
import dev.cloister.policy.cgroup.CgroupMount;
import dev.cloister.policy.cgroup.Delegation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private static final String PROCESSES = "cgroup.procs";
    private static final String SUBTREE = "cgroup.subtree_control";

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
        return CgroupMount.v1(controller.v1(), mountinfo, own).flatMap(at -> {
            for (Path parent : List.of(at.own(), at.mount())) {
                Hierarchy place = new Hierarchy(false, parent);
                if (place.usable(controller)) {
                    return Optional.of(place);
                }
            }
            return Optional.empty();
        });
    }

    private static Optional<Hierarchy> v2(Controller controller, List<String> mountinfo, List<String> own) {
        return CgroupMount.unified(mountinfo, own).flatMap(at -> {
            Path mine = at.own();
            // Once in the leaf, its parent is the group that was delegated.
            Path delegated = mine.endsWith(Delegation.HOST_LEAF) ? mine.getParent() : mine;
            for (Path parent : List.of(at.mount(), delegated)) {
                if (enabled(parent, controller) || !parent.equals(at.mount()) && delegate(parent, controller)) {
                    return Optional.of(new Hierarchy(true, parent));
                }
            }
            return Optional.empty();
        });
    }

    /** The same for a user: a group in which that one may make groups with these controllers. */
    Hierarchy handOver(HostUser user, Set<Controller> controllers) throws IOException {
        Hierarchy handed = new Hierarchy(v2, Delegation.to(v2, parent, user));
        for (Controller controller : controllers) {
            if (v2 && !enabled(handed.parent, controller)) {
                throw new IOException("the controller " + controller.v2() + " can't be had in " + handed.parent);
            }
        }
        return handed;
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
            Path leaf = parent.resolve(Delegation.HOST_LEAF);
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
}
