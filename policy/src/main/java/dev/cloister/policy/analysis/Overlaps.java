package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Domains that a major frame runs on more CPUs at once than they have. */
final class Overlaps {
    private Overlaps() {}

    /** A domain's turn on one CPU begins or ends. */
    private record Change(long at, int by, Schedule.MinorFrame minor) {}

    static void report(Schedule.MajorFrame major, Findings out) {
        Map<Domain, List<Change>> changes = new LinkedHashMap<>();
        for (Schedule.CpuPlan plan : major.cpus()) {
            long at = 0;
            for (Schedule.MinorFrame minor : plan.minors()) {
                long begins = at;
                at += minor.nanos();
                long ends = at;
                minor.domain().ifPresent(domain -> {
                    List<Change> list = changes.computeIfAbsent(domain, _ -> new ArrayList<>());
                    list.add(new Change(begins, 1, minor));
                    list.add(new Change(ends, -1, minor));
                });
            }
        }
        changes.forEach((domain, list) -> sweep(major, domain, list, out));
    }

    private static void sweep(Schedule.MajorFrame major, Domain domain, List<Change> changes, Findings out) {
        // An end and a beginning at the same time don't overlap.
        changes.sort(Comparator.comparingLong(Change::at).thenComparingInt(Change::by));
        int running = 0;
        for (Change change : changes) {
            running += change.by();
            if (running > domain.cpus().count()) {
                out.error(
                        FindingId.SCHEDULE_OVERLAP,
                        change.minor().position(),
                        "in major frame \"" + major.name() + "\", " + Words.span(change.at()) + " after its begin, \""
                                + domain.name() + "\" is on " + running + " CPUs at once; it has "
                                + Words.count(domain.cpus().count(), "virtual CPU"),
                        "move one of the minor frames, or give the domain more CPUs");
                return;
            }
        }
    }
}
