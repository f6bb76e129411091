package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Capacity;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Schedule;
import dev.cloister.policy.model.SourcePosition;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The cyclic schedule: the CPUs of a major frame take the same time, every domain has its turn, no domain is in more places at
 * once than it has CPUs, and CPUs are where the domains are pinned. {@link CoreSharing} looks at who follows whom on a CPU, {@link
 * RevokeGaps} at who stands for too long to let go of a channel.
 */
final class ScheduleAnalysis implements Analysis {
    @Override
    public String id() {
        return "schedule";
    }

    @Override
    public String title() {
        return "the schedule is one";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().schedule().map(Schedule::majors).orElse(List.of()).stream()
                .flatMap(major -> major.cpus().stream())
                .mapToInt(plan -> plan.minors().size())
                .sum();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        Optional<Schedule> declared = context.policy().schedule();
        if (declared.isEmpty()) {
            return;
        }
        Schedule schedule = declared.get();
        schedule.majors().forEach(major -> equal(major, out));
        missing(context.policy(), schedule, out);
        new CoreSharing(context, schedule).report(out);
        schedule.majors().forEach(major -> Overlaps.report(major, out));
        schedule.majors().forEach(major -> cpus(context.policy(), major, out));
        RevokeGaps.report(context.policy().flows(), schedule, out);
    }

    private static void equal(Schedule.MajorFrame major, Findings out) {
        Schedule.CpuPlan first = major.cpus().getFirst();
        major.cpus().stream()
                .filter(plan -> plan.nanos() != first.nanos())
                .findFirst()
                .ifPresent(plan -> out.error(
                        FindingId.SCHEDULE_UNEQUAL,
                        plan.position(),
                        "in major frame \"" + major.name() + "\" CPU " + plan.cpu() + " takes "
                                + Words.span(plan.nanos()) + ", CPU " + first.cpu() + " " + Words.span(first.nanos()),
                        "fill the shorter of the two with {\"idle\": true, \"for\": \""
                                + Words.span(Math.abs(plan.nanos() - first.nanos()))
                                        .replace(" ", "") + "\"}"));
    }

    private static void missing(Policy policy, Schedule schedule, Findings out) {
        BitSet scheduled = new BitSet();
        schedule.majors().stream()
                .flatMap(major -> major.cpus().stream())
                .flatMap(plan -> plan.minors().stream())
                .flatMap(minor -> minor.domain().stream())
                .forEach(domain -> scheduled.set(domain.index()));
        for (Domain domain : policy.domains()) {
            if (!scheduled.get(domain.index())) {
                out.error(
                        FindingId.SCHEDULE_MISSING,
                        domain.position(),
                        "domain \"" + domain.name() + "\" is in no minor frame of the schedule (" + schedule.position()
                                + "): it would never run",
                        "give it a minor frame; a policy schedules all of its domains or none");
            }
        }
    }

    private static void cpus(Policy policy, Schedule.MajorFrame major, Findings out) {
        int there = policy.capacity().map(Capacity::cpus).orElse(0);
        for (Schedule.CpuPlan plan : major.cpus()) {
            if (there > 0 && plan.cpu() >= there) {
                disagree(
                        plan.position(),
                        "major frame \"" + major.name() + "\" plans CPU " + plan.cpu() + "; the host has CPUs 0 to "
                                + (there - 1),
                        "plan a CPU that there is, or state the host's real \"capacity\"",
                        out);
            }
            for (Schedule.MinorFrame minor : plan.minors()) {
                minor.domain()
                        .filter(domain -> !domain.cpus().pin().isEmpty()
                                && !domain.cpus().pin().contains(plan.cpu()))
                        .ifPresent(domain -> disagree(
                                minor.position(),
                                "the schedule runs \"" + domain.name() + "\" on CPU " + plan.cpu()
                                        + "; it is pinned to " + pins(domain) + " (" + domain.position() + ")",
                                "move the minor frame to a CPU that the domain is pinned to, or change \"pin\"",
                                out));
            }
        }
    }

    private static String pins(Domain domain) {
        List<Integer> pin = domain.cpus().pin();
        return (pin.size() == 1 ? "CPU " : "CPUs ")
                + Words.list(pin.stream().map(String::valueOf).toList());
    }

    private static void disagree(SourcePosition at, String message, String suggestion, Findings out) {
        out.error(FindingId.SCHEDULE_CPU, at, message, suggestion);
    }
}
