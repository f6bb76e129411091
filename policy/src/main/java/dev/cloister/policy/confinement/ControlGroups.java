package dev.cloister.policy.confinement;

import dev.cloister.linux.HostUser;
import dev.cloister.linux.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control groups that this process may make: version 2 where it has the controllers, version 1 for the others. A group is named
 * after the process in it, by pid and start time, so that a later daemon finds it. Thread-safe.
 */
final class ControlGroups {
    static final String PREFIX = "cloister-vmm-";
    private static final Logger LOG = LoggerFactory.getLogger(ControlGroups.class);
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path OWN_GROUPS = Path.of("/proc/self/cgroup");

    private final Map<Controller, Hierarchy> places;

    ControlGroups(Map<Controller, Hierarchy> places) {
        this.places = Map.copyOf(places);
    }

    /** Looks at the host; in a group that was delegated to this user, moves what is in it into a leaf. */
    static ControlGroups ofHost() {
        try {
            return new ControlGroups(Hierarchy.find(Files.readAllLines(MOUNTS), Files.readAllLines(OWN_GROUPS)));
        } catch (IOException e) {
            LOG.debug("no control groups", e);
            return none();
        }
    }

    static ControlGroups none() {
        return new ControlGroups(Map.of());
    }

    /**
     * The same for a user that this process is about to become.
     *
     * @throws IOException if the kernel refuses
     */
    ControlGroups handOver(HostUser user) throws IOException {
        Map<Controller, Hierarchy> handed = new EnumMap<>(Controller.class);
        for (Hierarchy place : Set.copyOf(places.values())) {
            Set<Controller> controllers = EnumSet.noneOf(Controller.class);
            places.forEach((controller, at) -> {
                if (at.equals(place)) {
                    controllers.add(controller);
                }
            });
            Hierarchy theirs = place.handOver(user, controllers);
            controllers.forEach(controller -> handed.put(controller, theirs));
        }
        return new ControlGroups(handed);
    }

    boolean isEmpty() {
        return places.isEmpty();
    }

    boolean has(Controller controller) {
        return places.containsKey(controller);
    }

    /** Whether CPUs can be taken from everything else: only version 2 keeps the host's other processes away. */
    boolean hasExclusiveCpus() {
        Hierarchy place = places.get(Controller.CPUSET);
        return place != null && place.v2();
    }

    /** Tells what there is, such as {@code cgroup v1: cpu, memory, pids}. */
    String words() {
        Set<String> names = new TreeSet<>();
        places.forEach((controller, place) -> names.add(controller.v2() + (place.v2() ? " (v2)" : " (v1)")));
        return names.isEmpty() ? "none" : String.join(", ", names);
    }

    /**
     * Makes a process' group and puts it in.
     *
     * @throws IOException if a limit can't be set; nothing is left then
     */
    ControlGroup make(String domain, int pid, GroupLimits limits) throws IOException {
        String name = name(pid) + "-" + domain;
        Set<Path> folders = new LinkedHashSet<>();
        ControlGroup group = null;
        try {
            for (Controller controller : Controller.values()) {
                Hierarchy place = places.get(controller);
                if (place != null && wanted(controller, limits, place)) {
                    Path folder = place.parent().resolve(name);
                    if (folders.add(folder)) {
                        Files.createDirectory(folder);
                    }
                    apply(place, controller, folder, limits);
                }
            }
            group = new ControlGroup(folders);
            group.take(pid);
            return group;
        } catch (IOException e) {
            (group == null ? new ControlGroup(folders) : group).close();
            throw e;
        }
    }

    private static boolean wanted(Controller controller, GroupLimits limits, Hierarchy place) {
        return switch (controller) {
            case MEMORY -> limits.memoryBytes() != 0;
            case PIDS -> limits.pids() != 0;
            case CPU -> limits.cpuPercent() != 0;
            case IO -> limits.ioWeight() != 0;
            case CPUSET -> place.v2() && !limits.exclusiveCpus().isEmpty();
        };
    }

    private static void apply(Hierarchy place, Controller controller, Path folder, GroupLimits limits)
            throws IOException {
        Optional<GroupFiles> files = GroupFiles.of(place, controller, folder);
        if (files.isEmpty()) {
            throw new IOException(folder + " has no file for the limit of " + controller.v2());
        }
        files.get().apply(limits);
    }

    /** Finds the group that an earlier daemon made for a process. */
    Optional<ControlGroup> of(int pid) {
        Set<Path> folders = new LinkedHashSet<>();
        String name = name(pid);
        for (Hierarchy place : Set.copyOf(places.values())) {
            folders.addAll(list(place.parent(), name + "-*"));
        }
        return folders.isEmpty() ? Optional.empty() : Optional.of(new ControlGroup(folders));
    }

    /** Removes what daemons before have left of processes that are gone. */
    void sweep() {
        for (Hierarchy place : Set.copyOf(places.values())) {
            for (Path folder : list(place.parent(), PREFIX + "*")) {
                String[] parts = folder.getFileName()
                        .toString()
                        .substring(PREFIX.length())
                        .split("-", 3);
                if (parts.length > 2 && !name(parts[0]).equals(PREFIX + parts[0] + "-" + parts[1])) {
                    new ControlGroup(Set.of(folder)).close();
                }
            }
        }
    }

    private static List<Path> list(Path parent, String pattern) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, pattern)) {
            return java.util.stream.StreamSupport.stream(found.spliterator(), false)
                    .toList();
        } catch (IOException e) {
            LOG.debug("{}", parent, e);
            return List.of();
        }
    }

    private static String name(String pid) {
        try {
            return name(Integer.parseInt(pid));
        } catch (NumberFormatException e) {
            return "";
        }
    }

    private static String name(int pid) {
        return PREFIX + pid + "-" + ProcessIdentity.startTicks(pid).orElse(0);
    }
}
