package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.ResidualRisk.Share;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who shares one sort of resource with whom: domains that are alike in it form a group, and groups are related. So a cache that
 * 10,000 domains share is one group and not 10<sup>8</sup> edges.
 *
 * <p>All domains share caches. Two share a core if their CPUs meet: those that the schedule gives them, else those that they are
 * pinned to, else any that nobody has exclusively. Two share the path to memory unless the schedule never lets both run at once. Two
 * share a disk if flows of both name it. Where a policy has more than {@link #MOST_GROUPS} groups, no acceptance is taken into account
 * and everybody is held to share: more is reported then, never less.
 */
public final class SharedResources {
    /** The most groups that are told apart. */
    static final int MOST_GROUPS = 1024;

    private final Policy policy;
    private final Share share;
    private final List<ResidualRisk> risks;
    private final int[] groupOf;
    private final List<Key> keys = new ArrayList<>();
    private final List<List<Domain>> members = new ArrayList<>();

    /** What makes a domain like another: its use of the resource, and the sides of risks that it is on. */
    private record Key(Use use, BitSet sides) {}

    /** A domain's use of the resource. */
    private sealed interface Use {
        /** Everybody uses it alike. */
        record Anyone() implements Use {}

        /** CPUs; an empty set is any. */
        record OnCpus(BitSet cpus, boolean exclusive) implements Use {}

        /** Times on the schedule. */
        record AtTimes(List<Slot> slots) implements Use {}

        /** Disks by the index of their endpoints. */
        record Disks(BitSet disks) implements Use {}
    }

    private record Slot(int major, long start, long end) {
        boolean meets(Slot other) {
            return major == other.major && start < other.end && other.start < end;
        }
    }

    SharedResources(Policy policy, Share share, List<ResidualRisk> inForce) {
        this.policy = policy;
        this.share = share;
        this.risks =
                inForce.stream().filter(risk -> risk.shares().contains(share)).toList();
        this.groupOf = new int[policy.domains().size()];
        if (!group(uses(), sides())) {
            keys.clear();
            members.clear();
            Map<Integer, Use> alike = new HashMap<>();
            policy.domains().forEach(domain -> alike.put(domain.index(), new Use.Anyone()));
            group(alike, Map.of());
        }
    }

    private boolean group(Map<Integer, Use> uses, Map<Integer, BitSet> sides) {
        Map<Key, Integer> numbers = new LinkedHashMap<>();
        Arrays.fill(groupOf, -1);
        for (Domain domain : policy.domains()) {
            Use use = uses.get(domain.index());
            if (use == null) {
                continue;
            }
            Key key = new Key(use, sides.getOrDefault(domain.index(), new BitSet()));
            int number = numbers.computeIfAbsent(key, _ -> numbers.size());
            if (number == MOST_GROUPS) {
                return false;
            }
            if (number == members.size()) {
                keys.add(key);
                members.add(new ArrayList<>());
            }
            members.get(number).add(domain);
            groupOf[domain.index()] = number;
        }
        return true;
    }

    private Map<Integer, BitSet> sides() {
        Map<Integer, BitSet> sides = new HashMap<>();
        for (int r = 0; r < risks.size(); r++) {
            for (Endpoint endpoint : risks.get(r).one()) {
                sides.computeIfAbsent(endpoint.index(), _ -> new BitSet()).set(2 * r);
            }
            for (Endpoint endpoint : risks.get(r).two()) {
                sides.computeIfAbsent(endpoint.index(), _ -> new BitSet()).set(2 * r + 1);
            }
        }
        return sides;
    }

    private Map<Integer, Use> uses() {
        Map<Integer, Use> uses = new HashMap<>();
        switch (share) {
            case CACHE -> policy.domains().forEach(domain -> uses.put(domain.index(), new Use.Anyone()));
            case CORE -> cores(uses);
            case MEMORY_BUS -> {
                policy.domains().forEach(domain -> uses.put(domain.index(), new Use.Anyone()));
                slots().forEach((domain, slots) -> uses.put(domain, new Use.AtTimes(slots)));
            }
            case DISK -> disks(uses);
        }
        return uses;
    }

    private void cores(Map<Integer, Use> uses) {
        for (Domain domain : policy.domains()) {
            BitSet cpus = new BitSet();
            domain.cpus().pin().forEach(cpus::set);
            uses.put(domain.index(), new Use.OnCpus(cpus, domain.cpus().exclusive()));
        }
        Map<Integer, BitSet> scheduled = new HashMap<>();
        policy.schedule()
                .ifPresent(schedule -> schedule.majors()
                        .forEach(major -> major.cpus()
                                .forEach(plan -> plan.minors()
                                        .forEach(minor -> minor.domain()
                                                .ifPresent(domain -> scheduled
                                                        .computeIfAbsent(domain.index(), _ -> new BitSet())
                                                        .set(plan.cpu()))))));
        scheduled.forEach((domain, cpus) -> uses.put(domain, new Use.OnCpus(cpus, false)));
    }

    private Map<Integer, List<Slot>> slots() {
        Map<Integer, List<Slot>> slots = new HashMap<>();
        List<Schedule.MajorFrame> majors =
                policy.schedule().map(Schedule::majors).orElse(List.of());
        for (int major = 0; major < majors.size(); major++) {
            for (Schedule.CpuPlan plan : majors.get(major).cpus()) {
                long start = 0;
                for (Schedule.MinorFrame minor : plan.minors()) {
                    Slot slot = new Slot(major, start, start + minor.nanos());
                    minor.domain()
                            .ifPresent(domain -> slots.computeIfAbsent(domain.index(), _ -> new ArrayList<>())
                                    .add(slot));
                    start += minor.nanos();
                }
            }
        }
        return slots;
    }

    private void disks(Map<Integer, Use> uses) {
        Map<Integer, BitSet> used = new HashMap<>();
        for (Flow flow : policy.flows()) {
            disk(used, flow.from(), flow.to());
            disk(used, flow.to(), flow.from());
        }
        used.forEach((domain, disks) -> uses.put(domain, new Use.Disks(disks)));
    }

    private static void disk(Map<Integer, BitSet> used, Endpoint disk, Endpoint user) {
        if (disk instanceof HostEndpoint host && host.resource() == HostResource.DISK && user instanceof Domain) {
            used.computeIfAbsent(user.index(), _ -> new BitSet()).set(disk.index());
        }
    }

    /** What is shared. */
    public Share share() {
        return share;
    }

    /** How many groups of domains share it, each within itself. */
    public int groups() {
        return members.size();
    }

    /** The domains of a group. */
    public List<Domain> members(int group) {
        return members.get(group);
    }

    /** Returns the domain's group, or -1 if it doesn't use the resource. */
    public int groupOf(int domain) {
        return groupOf[domain];
    }

    /** Returns whether different domains of two groups, or of one, share the resource. */
    public boolean shares(int one, int two) {
        if (one == two) {
            return members.get(one).size() > 1;
        }
        return meets(keys.get(one).use(), keys.get(two).use());
    }

    private static boolean meets(Use one, Use two) {
        if (one instanceof Use.OnCpus a && two instanceof Use.OnCpus b) {
            return coresMeet(a, b);
        }
        if (one instanceof Use.AtTimes a && two instanceof Use.AtTimes b) {
            return a.slots().stream().anyMatch(slot -> b.slots().stream().anyMatch(slot::meets));
        }
        if (one instanceof Use.Disks a && two instanceof Use.Disks b) {
            return a.disks().intersects(b.disks());
        }
        return true;
    }

    private static boolean coresMeet(Use.OnCpus a, Use.OnCpus b) {
        if (a.cpus().isEmpty() || b.cpus().isEmpty()) {
            return !a.exclusive() && !b.exclusive();
        }
        return a.cpus().intersects(b.cpus());
    }

    /** Returns whether a risk in force accepts that two groups share. */
    public boolean accepted(int one, int two) {
        return shared(keys.get(one).sides(), keys.get(two).sides()) >= 0;
    }

    /** Returns the risk that accepts that two groups share, where one does. */
    public Optional<ResidualRisk> groupRisk(int one, int two) {
        int found = shared(keys.get(one).sides(), keys.get(two).sides());
        return found < 0 ? Optional.empty() : Optional.of(risks.get(found));
    }

    /** Returns the risk that accepts that two domains share, where one does. */
    Optional<ResidualRisk> risk(int one, int two) {
        return groupOf[one] < 0 || groupOf[two] < 0 ? Optional.empty() : groupRisk(groupOf[one], groupOf[two]);
    }

    private static int shared(BitSet one, BitSet two) {
        for (int side = one.nextSetBit(0); side >= 0; side = one.nextSetBit(side + 1)) {
            if (two.get(side ^ 1)) {
                return side >> 1;
            }
        }
        return -1;
    }
}
