package dev.cloister.policy.partition;

import dev.cloister.linux.HostUser;
import dev.cloister.linux.Linux;
import dev.cloister.linux.ProcessIdentity;
import dev.cloister.policy.cgroup.Delegation;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stoppers in one cgroup hierarchy. A group is named after the daemon that made it, by pid and start time, so that a later daemon tells
 * its own from what another left behind.
 */
final class CgroupStoppers implements StopperFactory {
    private static final Logger LOG = LoggerFactory.getLogger(CgroupStoppers.class);
    private static final String PREFIX = "cloister-frame-";
    /** How the groups are named that limit a VMM process, made by {@code policy.confinement}. */
    private static final String LIMITS = "cloister-vmm-";

    private static final String UNIFIED = "0::/";
    private static final long SYS_KILL = 62;
    private static final int SIGKILL = 9;

    private final CgroupVersion version;
    private final Path mount;
    private Path parent;
    private final String own;

    CgroupStoppers(CgroupVersion version, Path mount, Path parent) {
        this.version = version;
        this.mount = mount;
        this.parent = parent;
        this.own = PREFIX + owner(Long.toString(ProcessHandle.current().pid())) + "-";
    }

    /** Tries the hierarchy out: makes a group and removes it. */
    void probe() throws IOException {
        Path group = Files.createDirectory(parent.resolve(own + "probe"));
        try {
            Files.writeString(group.resolve(version.control()), version.thawed());
        } finally {
            Files.delete(group);
        }
    }

    /** Pid and start time, which no other process ever has. */
    private static String owner(String pid) {
        return pid + "-" + ProcessIdentity.startTicks(Long.parseLong(pid)).orElse(0);
    }

    @Override
    public String mechanism() {
        return version.words();
    }

    @Override
    public boolean enforced() {
        return true;
    }

    @Override
    public Stopper of(String name, long pid) throws IOException {
        return new CgroupStopper(version, home(pid).resolve(own + pid + "-" + name), pid);
    }

    @Override
    public void handOver(HostUser user) throws IOException {
        parent = Delegation.to(version == CgroupVersion.V2, parent, user);
    }

    /** In the one hierarchy of version 2 a process stays within the group that limits it. */
    private Path home(long pid) {
        if (version == CgroupVersion.V2) {
            for (String line : groups(pid)) {
                Path group = Path.of(line.startsWith(UNIFIED) ? line.substring(UNIFIED.length()) : "");
                if (group.getFileName().toString().startsWith(LIMITS)) {
                    return mount.resolve(group);
                }
            }
        }
        return parent;
    }

    /** What a process is in; of one that is gone the group's file will tell. */
    private static List<String> groups(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "cgroup"));
        } catch (IOException e) {
            return List.of();
        }
    }

    @Override
    public void sweep() {
        sweep(parent);
        Set<Path> places = new LinkedHashSet<>(List.of(mount, parent));
        Optional.ofNullable(parent.getParent()).ifPresent(places::add);
        for (Path place : places) {
            try (DirectoryStream<Path> groups = Files.newDirectoryStream(place, LIMITS + "*")) {
                groups.forEach(this::sweep);
            } catch (IOException e) {
                LOG.debug("{} can't be searched", place, e);
            }
        }
    }

    private void sweep(Path folder) {
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (Path group : groups) {
                String[] parts = group.getFileName()
                        .toString()
                        .substring(PREFIX.length())
                        .split("-");
                if (parts.length > 1 && parts[0].matches("[0-9]{1,9}") && !alive(parts[0], parts[1])) {
                    end(group);
                }
            }
        } catch (IOException e) {
            LOG.warn("{} can't be searched for what another daemon left: {}", folder, e.getMessage());
        }
    }

    private static boolean alive(String pid, String started) {
        return owner(pid).equals(pid + "-" + started);
    }

    private void end(Path group) {
        try {
            for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
                LOG.warn("pid {} was left stopped in {} by a daemon that is gone: killed", pid, group);
                Linux.syscall(SYS_KILL, Long.parseLong(pid), SIGKILL, 0, 0, 0, 0);
            }
            Files.writeString(group.resolve(version.control()), version.thawed());
            Files.deleteIfExists(group);
        } catch (IOException e) {
            LOG.info("{} stays until what was in it is gone: {}", group, e.getMessage());
        }
    }
}
