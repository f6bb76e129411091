package dev.cloister.policy.partition;

import dev.cloister.linux.Linux;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stoppers in one cgroup hierarchy. A group is named after the daemon that made it, by pid and start time, so that a later daemon tells
 * its own from what another left behind.
 */
final class CgroupStoppers implements StopperFactory {
    private static final Logger LOG = LoggerFactory.getLogger(CgroupStoppers.class);
    private static final String PREFIX = "cloister-frame-";
    private static final long SYS_KILL = 62;
    private static final int SIGKILL = 9;
    private static final int START_TIME = 19;

    private final CgroupVersion version;
    private final Path parent;
    private final String own;

    CgroupStoppers(CgroupVersion version, Path parent) throws IOException {
        this.version = version;
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

    /** Pid and start time in clock ticks since boot, proc_pid_stat(5), which no other process ever has. */
    private static String owner(String pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", pid, "stat"));
        return pid + "-" + stat.substring(stat.lastIndexOf(')') + 2).split(" ")[START_TIME];
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
        return new CgroupStopper(version, parent.resolve(own + pid + "-" + name), pid);
    }

    @Override
    public void sweep() {
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path group : groups) {
                String[] parts = group.getFileName()
                        .toString()
                        .substring(PREFIX.length())
                        .split("-");
                if (parts.length > 1 && !alive(parts[0], parts[1])) {
                    end(group);
                }
            }
        } catch (IOException e) {
            LOG.warn("{} can't be searched for what another daemon left: {}", parent, e.getMessage());
        }
    }

    private static boolean alive(String pid, String started) {
        try {
            return owner(pid).equals(pid + "-" + started);
        } catch (IOException e) {
            return false;
        }
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
