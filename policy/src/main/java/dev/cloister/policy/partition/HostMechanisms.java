package dev.cloister.policy.partition;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds out how this host can stop a domain, best first: the freezer of cgroup v2, that of v1, signals. docs/schedule.md has the
 * measurements behind the order. Stateless.
 */
public final class HostMechanisms {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path OWN_GROUPS = Path.of("/proc/self/cgroup");
    private static final int MOUNT_POINT = 4;

    private HostMechanisms() {}

    /**
     * Tries the mechanisms out.
     *
     * @return those that work here, best first; the last is always there and isn't {@linkplain StopperFactory#enforced enforced}
     */
    public static List<StopperFactory> available() {
        List<StopperFactory> found = new ArrayList<>();
        for (CgroupVersion version : CgroupVersion.values()) {
            mount(version)
                    .flatMap(mount -> usable(version, mount, mount.resolve(ownGroup(version)))
                            .or(() -> usable(version, mount, mount)))
                    .ifPresent(found::add);
        }
        found.add(new SignalStoppers());
        return List.copyOf(found);
    }

    private static Optional<StopperFactory> usable(CgroupVersion version, Path mount, Path parent) {
        try {
            CgroupStoppers stoppers = new CgroupStoppers(version, mount, parent);
            stoppers.probe();
            return Optional.of(stoppers);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Where the hierarchy is mounted, proc_pid_mountinfo(5). */
    private static Optional<Path> mount(CgroupVersion version) {
        for (String line : lines(MOUNTS)) {
            int dash = line.indexOf(" - ");
            String[] system = line.substring(dash + 3).split(" ");
            boolean matches = version == CgroupVersion.V2
                    ? system[0].equals("cgroup2")
                    : system[0].equals("cgroup")
                            && List.of(system[system.length - 1].split(",")).contains("freezer");
            if (matches) {
                return Optional.of(Path.of(line.split(" ")[MOUNT_POINT]));
            }
        }
        return Optional.empty();
    }

    /** The group that this process is in, relative to the mount, cgroups(7). */
    private static String ownGroup(CgroupVersion version) {
        for (String line : lines(OWN_GROUPS)) {
            String[] parts = line.split(":", 3);
            boolean matches = version == CgroupVersion.V2
                    ? parts[0].equals("0")
                    : List.of(parts[1].split(",")).contains("freezer");
            if (matches) {
                return parts[2].substring(1);
            }
        }
        return "";
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
