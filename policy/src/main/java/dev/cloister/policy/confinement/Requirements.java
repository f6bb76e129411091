package dev.cloister.policy.confinement;

import dev.cloister.policy.model.Cgroup;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Protection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares what a policy asks for with what a host has. Stateless. */
final class Requirements {
    private Requirements() {}

    static List<Lack> lacks(Policy policy, Host host) {
        List<Lack> lacks = new ArrayList<>(host.lacks());
        for (Protection protection : policy.confinement().require()) {
            String where = policy.confinement().position() + " (confinement.require: " + protection.jsonName() + ")";
            lack(protection, host).map(lack -> lack.askedBy(where)).ifPresent(asked -> {
                lacks.removeIf(lack -> lack.what().equals(asked.what()));
                lacks.add(asked);
            });
        }
        policy.domains().forEach(domain -> domain(domain, host, lacks));
        return lacks;
    }

    private static Optional<Lack> lack(Protection protection, Host host) {
        return switch (protection) {
            // Seen only when a process enters its sandbox: the broker refuses it then.
            case SECCOMP -> Optional.empty();
            case LANDLOCK -> host.landlock() == 0 ? Optional.of(host.noLandlock()) : Optional.empty();
            case NAMESPACES -> host.bubblewrap().isEmpty() ? Optional.of(host.namespaces()) : Optional.empty();
            case CGROUP -> {
                List<Controller> needed = List.of(Controller.MEMORY, Controller.PIDS);
                yield needed.stream().allMatch(host.groups()::has)
                        ? Optional.empty()
                        : Optional.of(host.groups("limits of memory and processes", needed));
            }
            case EXCLUSIVE_CPUS ->
                host.groups().hasExclusiveCpus() ? Optional.empty() : Optional.of(host.exclusiveCpus());
        };
    }

    private static void domain(Domain domain, Host host, List<Lack> lacks) {
        domain.cgroup().ifPresent(cgroup -> {
            String where = cgroup.position() + " (domain \"" + domain.name() + "\")";
            List<Controller> needed = needed(cgroup);
            if (!needed.stream().allMatch(host.groups()::has)) {
                lacks.add(host.groups("limits of a control group", needed).askedBy(where));
            }
        });
        if (domain.cpus().exclusive() && !host.groups().hasExclusiveCpus()) {
            lacks.add(host.exclusiveCpus().askedBy(domain.position() + " (domain \"" + domain.name() + "\")"));
        }
    }

    private static List<Controller> needed(Cgroup cgroup) {
        List<Controller> needed = new ArrayList<>();
        if (cgroup.memoryMax() != 0) {
            needed.add(Controller.MEMORY);
        }
        if (cgroup.pidsMax() != 0) {
            needed.add(Controller.PIDS);
        }
        if (cgroup.cpuMaxPercent() != 0) {
            needed.add(Controller.CPU);
        }
        if (cgroup.ioWeight() != 0) {
            needed.add(Controller.IO);
        }
        return needed;
    }
}
