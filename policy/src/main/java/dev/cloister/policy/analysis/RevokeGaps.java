package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Flows whose revocation a domain can't acknowledge in time because the schedule keeps it standing for longer: it would be killed though
 * it does nothing wrong. Major frames follow each other in any order, each as often as the operator wants.
 */
final class RevokeGaps {
    private RevokeGaps() {}

    /** Times of a domain's turns within a major frame: before the first, the longest between two, after the last. */
    private record Gaps(long head, long inside, long tail) {}

    private record Turn(long from, long to) {}

    static void report(List<Flow> flows, Schedule schedule, Findings out) {
        Map<Domain, Flow> shortest = new LinkedHashMap<>();
        for (Flow flow : flows) {
            for (Endpoint end : List.of(flow.from(), flow.to())) {
                if (end instanceof Domain domain) {
                    shortest.merge(domain, flow, (a, b) -> within(b) < within(a) ? b : a);
                }
            }
        }
        shortest.forEach((domain, flow) -> report(flow, domain, schedule, out));
    }

    private static long within(Flow flow) {
        return flow.limits().revokeWithinNanos();
    }

    private static void report(Flow flow, Domain domain, Schedule schedule, Findings out) {
        Gaps worst = new Gaps(0, 0, 0);
        for (Schedule.MajorFrame major : schedule.majors()) {
            Optional<Gaps> gaps = gaps(domain, major);
            if (gaps.isEmpty()) {
                out.warning(
                        FindingId.SCHEDULE_REVOKE,
                        major.position(),
                        "\"" + domain.name() + "\" stands as long as major frame \"" + major.name()
                                + "\" runs; flow \"" + flow.name() + "\" (" + flow.position()
                                + ") is to be let go of within " + Words.span(within(flow)),
                        "give it a minor frame there, or expect it to be killed by a revocation");
            }
            Gaps found = gaps.orElse(worst);
            worst = new Gaps(
                    Math.max(worst.head, found.head),
                    Math.max(worst.inside, found.inside),
                    Math.max(worst.tail, found.tail));
        }
        long longest = Math.max(worst.inside, worst.tail + worst.head);
        if (longest > within(flow)) {
            out.error(
                    FindingId.SCHEDULE_REVOKE,
                    flow.position(),
                    "the schedule (" + schedule.position() + ") lets \"" + domain.name() + "\" stand for "
                            + Words.span(longest) + "; flow \"" + flow.name() + "\" is to be let go of within "
                            + Words.span(within(flow)),
                    "give \"" + domain.name()
                            + "\" a minor frame more often, or raise \"revokeWithin\": who does not let go in "
                            + "time is killed");
        }
    }

    private static Optional<Gaps> gaps(Domain domain, Schedule.MajorFrame major) {
        List<Turn> turns = new ArrayList<>();
        long length = 0;
        for (Schedule.CpuPlan plan : major.cpus()) {
            long at = 0;
            for (Schedule.MinorFrame minor : plan.minors()) {
                if (minor.domain().filter(d -> d == domain).isPresent()) {
                    turns.add(new Turn(at, at + minor.nanos()));
                }
                at += minor.nanos();
            }
            length = Math.max(length, at);
        }
        if (turns.isEmpty()) {
            return Optional.empty();
        }
        turns.sort(Comparator.comparingLong(Turn::from));
        long end = turns.getFirst().to;
        long inside = 0;
        for (Turn turn : turns) {
            inside = Math.max(inside, turn.from - end);
            end = Math.max(end, turn.to);
        }
        return Optional.of(new Gaps(turns.getFirst().from, inside, length - end));
    }
}
