package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Capacity;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Host CPUs that one domain has for itself and another one uses as well. */
final class PinConflicts {
    private PinConflicts() {}

    static void report(Policy policy, Findings out) {
        Map<Integer, Domain> owner = new HashMap<>();
        policy.domains().stream()
                .filter(domain -> domain.cpus().exclusive())
                .forEach(domain -> domain.cpus().pin().forEach(cpu -> owner.putIfAbsent(cpu, domain)));
        if (owner.isEmpty()) {
            return;
        }
        for (Domain domain : policy.domains()) {
            for (int cpu : domain.cpus().pin()) {
                Domain other = owner.getOrDefault(cpu, domain);
                if (other != domain) {
                    taken(domain, cpu, other, out);
                    break;
                }
            }
        }
        policy.capacity().ifPresent(capacity -> nowhere(policy, capacity, owner.keySet(), out));
    }

    private static void taken(Domain domain, int cpu, Domain owner, Findings out) {
        out.error(
                FindingId.PIN_CONFLICT,
                domain.position(),
                "domain \"" + domain.name() + "\" is pinned to CPU " + cpu + ", which \"" + owner.name() + "\" ("
                        + owner.position() + ") has for itself",
                "pin one of the two to another CPU, or drop \"exclusive\"");
    }

    /** Domains without a place need a CPU that nobody has for himself. */
    private static void nowhere(Policy policy, Capacity capacity, Set<Integer> taken, Findings out) {
        List<Domain> free = policy.domains().stream()
                .filter(domain -> domain.cpus().pin().isEmpty())
                .toList();
        long left =
                capacity.cpus() - new TreeSet<>(taken).headSet(capacity.cpus()).size();
        if (capacity.cpus() > 0 && left == 0 && !free.isEmpty()) {
            out.error(
                    FindingId.PIN_CONFLICT,
                    free.getFirst().position(),
                    "domain \"" + free.getFirst().name() + "\" has no CPU to run on: all " + capacity.cpus()
                            + " of the host are exclusive to others",
                    "leave a CPU that is exclusive to nobody");
        }
    }
}
