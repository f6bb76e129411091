package dev.cloister.policy.confinement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written to the files of a group, on a folder that looks like one: cgroup-v2.rst and cgroup-v1. */
class GroupFilesTest {
    private static final GroupLimits LIMITS = new GroupLimits(64 << 20, 100, 250, 77, List.of(2, 3));

    @TempDir
    private Path group;

    private void apply(boolean v2, Controller controller) throws IOException {
        GroupFiles.of(new Hierarchy(v2, group), controller, group).orElseThrow().apply(LIMITS);
    }

    private void files(String... names) throws IOException {
        for (String name : names) {
            Files.writeString(group.resolve(name), "");
        }
    }

    private String text(String name) throws IOException {
        return Files.readString(group.resolve(name));
    }

    @Test
    void memoryOfVersion2HasNoSwapAndDiesAsOne() throws IOException {
        files("memory.max", "memory.swap.max", "memory.oom.group");
        apply(true, Controller.MEMORY);
        assertThat(text("memory.max")).isEqualTo("67108864");
        assertThat(text("memory.swap.max")).isEqualTo("0");
        assertThat(text("memory.oom.group")).isEqualTo("1");
    }

    @Test
    void memoryOfVersion1CountsSwapAsWell() throws IOException {
        files("memory.limit_in_bytes", "memory.memsw.limit_in_bytes");
        apply(false, Controller.MEMORY);
        assertThat(text("memory.limit_in_bytes")).isEqualTo("67108864");
        assertThat(text("memory.memsw.limit_in_bytes")).isEqualTo("67108864");
    }

    @Test
    void processorTimeIsAQuotaOfAPeriod() throws IOException {
        files("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "pids.max");
        apply(true, Controller.CPU);
        apply(false, Controller.CPU);
        apply(true, Controller.PIDS);
        assertThat(text("cpu.max")).isEqualTo("250000 100000");
        assertThat(text("cpu.cfs_quota_us")).isEqualTo("250000");
        assertThat(text("cpu.cfs_period_us")).isEqualTo("100000");
        assertThat(text("pids.max")).isEqualTo("100");
    }

    @Test
    void diskWeightHasAnotherNameWithEachScheduler() throws IOException {
        files("blkio.weight");
        apply(false, Controller.IO);
        assertThat(text("blkio.weight")).isEqualTo("77");
        files("io.weight");
        apply(true, Controller.IO);
        assertThat(text("io.weight")).isEqualTo("77");
    }

    @Test
    void aPartitionThatTheKernelDoesNotMakeIsAnError() throws IOException {
        files("cpuset.cpus", "cpuset.cpus.partition");
        apply(true, Controller.CPUSET);
        assertThat(text("cpuset.cpus")).isEqualTo("2,3");
        assertThat(text("cpuset.cpus.partition")).isEqualTo("root");
        // The kernel answers what it has made of it; a pipe would be needed to do so here, a folder refuses the write.
        Files.delete(group.resolve("cpuset.cpus.partition"));
        Files.createDirectory(group.resolve("cpuset.cpus.partition"));
        assertThatThrownBy(() -> apply(true, Controller.CPUSET)).hasMessageContaining("cpuset.cpus.partition");
    }

    @Test
    void aGroupWithoutTheFileHasNoSuchLimit() {
        for (Controller controller : Controller.values()) {
            assertThat(GroupFiles.of(new Hierarchy(true, group), controller, group))
                    .isEmpty();
        }
    }

    @Test
    void placesAreFoundFromMountsAndGroups() throws IOException {
        Path v2 = Files.createDirectories(group.resolve("unified"));
        Path mine = Files.createDirectories(v2.resolve("user/me"));
        for (Path each : List.of(v2, mine)) {
            Files.writeString(each.resolve("cgroup.subtree_control"), each.equals(v2) ? "memory pids" : "");
            Files.writeString(each.resolve("cgroup.controllers"), "memory pids cpu");
            Files.writeString(each.resolve("cgroup.procs"), "");
        }
        List<String> mounts = List.of("38 31 0:38 / " + v2 + " rw,relatime - cgroup2 cgroup2 rw", "nonsense");
        Map<Controller, Hierarchy> found = Hierarchy.find(mounts, List.of("0::/user/me"));
        assertThat(found.keySet()).containsExactlyInAnyOrder(Controller.MEMORY, Controller.PIDS, Controller.CPU);
        assertThat(found.get(Controller.MEMORY)).isEqualTo(new Hierarchy(true, v2));
        assertThat(text("unified/cgroup.subtree_control")).isEqualTo("+cpu");
        assertThat(Hierarchy.find(mounts, List.of("0::/user/me")).get(Controller.IO))
                .isNull();
        assertThat(Hierarchy.find(List.of(), List.of())).isEmpty();
    }
}
