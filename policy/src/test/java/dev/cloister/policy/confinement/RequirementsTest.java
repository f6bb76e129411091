package dev.cloister.policy.confinement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of a policy's wishes a host can't fulfil, and where the policy says so. */
class RequirementsTest {
    private static final Host NOTHING = new Host(Optional.empty(), "bubblewrap isn't there", ControlGroups.none(), 0);

    @TempDir
    private Path directory;

    private Policy policy(String top, String domain) throws Exception {
        Files.writeString(directory.resolve("a.elf"), "a");
        return PolicyLoader.load(
                Files.writeString(directory.resolve("p.json"), """
                    {"version": 1, "name": "p"%s,
                     "lattice": {"levels": ["low"]},
                     "domains": [{"id": "6c0c1f0e-0000-4000-8000-000000000001", "name": "a", "label": {"level": "low"},
                                  "memory": "1M"%s,
                                  "image": {"kernel": {"path": "a.elf", "sha256": "%s"}}}],
                     "flows": []}
                    """.formatted(top, domain, "0".repeat(64))),
                LocalDate.EPOCH);
    }

    private static Host everything() {
        Hierarchy v2 = new Hierarchy(true, Path.of("/"));
        return new Host(
                Optional.of(Path.of("/usr/bin/bwrap")),
                "",
                new ControlGroups(Map.of(
                        Controller.MEMORY,
                        v2,
                        Controller.PIDS,
                        v2,
                        Controller.CPU,
                        v2,
                        Controller.IO,
                        v2,
                        Controller.CPUSET,
                        v2)),
                6);
    }

    @Test
    void whatNobodyAskedForIsToldButRequiredOfNobody() throws Exception {
        assertThat(Requirements.lacks(policy("", ""), NOTHING))
                .extracting(Lack::what)
                .containsExactly("namespaces around VMM processes", "limits of memory and processes", "Landlock");
        assertThat(Requirements.lacks(policy("", ""), NOTHING)).noneMatch(Lack::required);
    }

    @Test
    void whatIsRequiredIsToldOnceWithItsPlace() throws Exception {
        String all = ", \"confinement\": {\"require\": "
                + "[\"seccomp\", \"landlock\", \"namespaces\", \"cgroup\", \"exclusiveCpus\"]}";
        List<Lack> lacks = Requirements.lacks(policy(all, ""), NOTHING);
        assertThat(lacks).hasSize(4).allMatch(Lack::required);
        assertThat(lacks).extracting(Lack::message).allMatch(text -> text.contains("p.json:1:44"));
        assertThat(lacks).extracting(Lack::message).anyMatch(text -> text.contains("apt-get install bubblewrap"));
        assertThat(Requirements.lacks(policy(all, ""), everything())).isEmpty();
    }

    @Test
    void aDomainsLimitsNeedTheirControllers() throws Exception {
        Policy policy = policy("", """
            , "cpus": {"count": 1, "pin": [0], "exclusive": true},
            "cgroup": {"memoryMax": "64M", "cpuMaxPercent": 50, "pidsMax": 90, "ioWeight": 10}\
            """);
        List<Lack> required = Requirements.lacks(policy, NOTHING).stream()
                .filter(Lack::required)
                .toList();
        assertThat(required).hasSize(2).allMatch(lack -> lack.asked().contains("domain \"a\""));
        assertThat(required.getFirst().why()).contains("memory and pids and cpu and io");
        assertThat(required.getLast().what()).isEqualTo("CPUs of its own");
        assertThat(Requirements.lacks(policy, everything())).isEmpty();
        GroupLimits limits = GroupLimits.of(policy, policy.domains().getFirst());
        assertThat(limits).isEqualTo(new GroupLimits(64 << 20, 90, 50, 10, List.of(0)));
    }

    @Test
    void memoryAndThreadsAreBoundedWithoutAWord() throws Exception {
        Policy policy = policy("", "");
        assertThat(GroupLimits.of(policy, policy.domains().getFirst()))
                .isEqualTo(new GroupLimits((1 << 20) + GroupLimits.VMM_BYTES, 257, 0, 0, List.of()));
    }
}
