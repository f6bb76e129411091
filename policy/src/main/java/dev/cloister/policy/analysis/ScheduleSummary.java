package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a schedule gives each domain in one cycle, in which every major frame comes once.
 *
 * @param schedule the schedule
 * @param cycleNanos length of a cycle in nanoseconds: the sum of the major frames, each as long as its longest CPU
 * @param rows one for each domain that has a turn, in the policy's order
 */
public record ScheduleSummary(Schedule schedule, long cycleNanos, List<Row> rows) {
    /**
     * One domain's part.
     *
     * @param domain the domain
     * @param turns its minor frames
     * @param nanos their sum over all CPUs, in nanoseconds
     * @param longestWaitNanos the longest time in which it runs on no CPU, in nanoseconds; over the cycle's end as well
     */
    public record Row(Domain domain, int turns, long nanos, long longestWaitNanos) {}

    private record Turn(long from, long to) {}

    /** Copies the list. */
    public ScheduleSummary {
        rows = List.copyOf(rows);
    }

    /** Sums up a schedule. */
    public static ScheduleSummary of(Schedule schedule) {
        Map<Domain, List<Turn>> turns = new TreeMap<>(Comparator.comparingInt(Domain::index));
        long begins = 0;
        for (Schedule.MajorFrame major : schedule.majors()) {
            for (Schedule.CpuPlan plan : major.cpus()) {
                long at = begins;
                for (Schedule.MinorFrame minor : plan.minors()) {
                    long from = at;
                    at += minor.nanos();
                    Turn turn = new Turn(from, at);
                    minor.domain()
                            .ifPresent(domain -> turns.computeIfAbsent(domain, _ -> new ArrayList<>())
                                    .add(turn));
                }
            }
            begins += length(major);
        }
        long cycle = begins;
        List<Row> rows = new ArrayList<>();
        turns.forEach((domain, list) -> rows.add(row(domain, list, cycle)));
        return new ScheduleSummary(schedule, cycle, rows);
    }

    /** Returns the length of the longest major frame, in nanoseconds. */
    public long longestNanos() {
        return schedule.majors().stream()
                .mapToLong(ScheduleSummary::length)
                .max()
                .orElse(0);
    }

    /** Returns a span of time as people read it, such as {@code 10 ms} or {@code 2.500 s}. */
    public static String span(long nanos) {
        return Words.span(nanos);
    }

    private static long length(Schedule.MajorFrame major) {
        return major.cpus().stream().mapToLong(Schedule.CpuPlan::nanos).max().orElse(0);
    }

    private static Row row(Domain domain, List<Turn> turns, long cycle) {
        turns.sort(Comparator.comparingLong(Turn::from));
        long sum = 0;
        long wait = 0;
        long end = turns.getFirst().to();
        for (Turn turn : turns) {
            sum += turn.to() - turn.from();
            wait = Math.max(wait, turn.from() - end);
            end = Math.max(end, turn.to());
        }
        long overTheEnd = cycle - end + turns.getFirst().from();
        return new Row(domain, turns.size(), sum, Math.max(wait, overTheEnd));
    }
}
