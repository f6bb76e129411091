package dev.cloister.vmm.host;

import dev.cloister.policy.confinement.Confinement;
import dev.cloister.policy.confinement.Lack;
import dev.cloister.policy.confinement.Surround;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a daemon started by this user would have to put around VMM processes; what is missing makes guests less confined, not impossible. */
final class ConfinementChecks {
    private static final int LISTENER_MAJOR = 5;
    private static final int LISTENER_MINOR = 14;

    private static final Path ACTIONS = Path.of("/proc/sys/kernel/seccomp/actions_avail");
    private static final String TRAP = "trap";
    private static final String ADVICE =
            "use a kernel with CONFIG_SECCOMP_FILTER, or run single guests with cloister run --no-sandbox";

    private ConfinementChecks() {}

    static List<HostCheck> run() {
        List<HostCheck> checks = new ArrayList<>();
        checks.add(systemCalls(System.getProperty("os.version")));
        checks.add(lone(ACTIONS));
        Confinement.Survey survey = Confinement.survey(Surround.ofHost());
        checks.add(check("namespaces", survey, "namespaces", "by " + survey.bubblewrap()));
        checks.add(check("control groups", survey, "limits", survey.controlGroups()));
        checks.add(check("landlock", survey, "Landlock", "ABI version " + survey.landlock()));
        checks.add(
                survey.exclusiveCpus()
                        ? HostCheck.ok("exclusive CPUs", "cpuset partitions")
                        : HostCheck.limited(
                                "exclusive CPUs",
                                "can't be taken from the rest of the host",
                                "boot with systemd.unified_cgroup_hierarchy=1 and run the daemon as root"));
        return checks;
    }

    /** Sees what lacks the first words of its name tell. */
    private static HostCheck check(String name, Confinement.Survey survey, String what, String found) {
        for (Lack lack : survey.lacks()) {
            if (lack.what().startsWith(what)) {
                return HostCheck.limited(name, lack.why(), lack.advice());
            }
        }
        return HostCheck.ok(name, found);
    }

    /** What {@code cloister run} does to itself, without a daemon. */
    static HostCheck lone(Path actions) {
        try {
            String all = Files.readString(actions).strip();
            return List.of(all.split(" ")).contains(TRAP)
                    ? HostCheck.ok("sandbox of run", "entered before the first instruction; refusals are named")
                    : HostCheck.limited("sandbox of run", "the kernel's seccomp has only " + all, ADVICE);
        } catch (IOException e) {
            return HostCheck.limited("sandbox of run", "the kernel has no seccomp filters", ADVICE);
        }
    }

    static HostCheck systemCalls(String kernel) {
        String[] parts = kernel.split("[^0-9]+", 3);
        int major = number(parts, 0);
        boolean listens = major > LISTENER_MAJOR || major == LISTENER_MAJOR && number(parts, 1) >= LISTENER_MINOR;
        return listens
                ? HostCheck.ok("system calls", "refused ones are named and end their process")
                : HostCheck.limited(
                        "system calls",
                        "Linux " + kernel + " tells nobody which call was refused",
                        "use Linux 5.14 or newer, or run policies with --accept-unenforced");
    }

    private static int number(String[] parts, int index) {
        return parts.length > index && !parts[index].isEmpty() ? Integer.parseInt(parts[index]) : 0;
    }
}
