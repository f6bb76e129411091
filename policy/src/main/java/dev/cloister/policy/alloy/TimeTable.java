package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The host CPUs that a policy names, and its schedule cut at every beginning and end of a minor frame, on whatever CPU: in
 * each interval that comes of it every domain either runs throughout or not at all.
 */
final class TimeTable {
    private final SortedSet<Integer> cpus = new TreeSet<>();
    private final List<String> intervals = new ArrayList<>();
    private final Map<Integer, SortedSet<Integer>> cpusOf = new TreeMap<>();
    private final Map<Integer, List<String>> intervalsOf = new TreeMap<>();

    private record Slot(int domain, long start, long end) {}

    TimeTable(Policy policy) {
        policy.domains().forEach(domain -> cpus.addAll(domain.cpus().pin()));
        policy.schedule().ifPresent(schedule -> {
            for (int major = 0; major < schedule.majors().size(); major++) {
                add(major, schedule.majors().get(major));
            }
        });
    }

    private void add(int number, Schedule.MajorFrame major) {
        List<Slot> slots = new ArrayList<>();
        SortedSet<Long> cuts = new TreeSet<>();
        for (Schedule.CpuPlan plan : major.cpus()) {
            cpus.add(plan.cpu());
            long start = 0;
            for (Schedule.MinorFrame minor : plan.minors()) {
                long begin = start;
                long end = start + minor.nanos();
                minor.domain().ifPresent(domain -> {
                    slots.add(new Slot(domain.index(), begin, end));
                    cpusOf.computeIfAbsent(domain.index(), _ -> new TreeSet<>()).add(plan.cpu());
                });
                cuts.add(begin);
                cuts.add(end);
                start = end;
            }
        }
        for (long cut : cuts.headSet(cuts.isEmpty() ? 0 : cuts.last())) {
            String interval = "During_" + (number + 1) + "_" + cut + "ns";
            intervals.add(interval);
            slots.stream()
                    .filter(slot -> slot.start() <= cut && cut < slot.end())
                    .map(Slot::domain)
                    .distinct()
                    .forEach(domain -> intervalsOf
                            .computeIfAbsent(domain, _ -> new ArrayList<>())
                            .add(interval));
        }
    }

    /** Returns the Alloy name of a host CPU. */
    static String cpu(int number) {
        return "Cpu_" + number;
    }

    /** Returns the host CPUs that domains are pinned to or scheduled on. */
    Collection<Integer> cpus() {
        return cpus;
    }

    /** Returns the intervals of the schedule. */
    List<String> intervals() {
        return intervals;
    }

    /** Returns the host CPUs on which the schedule lets a domain run. */
    Collection<Integer> cpusOf(Domain domain) {
        return cpusOf.getOrDefault(domain.index(), new TreeSet<>());
    }

    /** Returns the intervals in which the schedule lets a domain run. */
    Collection<String> intervalsOf(Domain domain) {
        return intervalsOf.getOrDefault(domain.index(), List.of());
    }
}
