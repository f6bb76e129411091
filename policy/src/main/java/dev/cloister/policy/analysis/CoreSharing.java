package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Domains of different labels that follow each other on a CPU: what the first leaves in the core's caches and predictors the second
 * can probe, unless a residual risk accepts that they share the core. Idle time between them clears nothing and doesn't count.
 */
final class CoreSharing {
    /** A domain's turn on a CPU. */
    private record Turn(String major, Schedule.MinorFrame minor, Domain domain) {}

    private record Pair(int cpu, int one, int two) {}

    private final AnalysisContext context;
    private final Schedule schedule;
    private final List<Sides> accepted;

    /** The two sides of a risk, as bits of endpoints. */
    private record Sides(BitSet one, BitSet two) {
        boolean holds(int a, int b) {
            return one.get(a) && two.get(b) || one.get(b) && two.get(a);
        }
    }

    CoreSharing(AnalysisContext context, Schedule schedule) {
        this.context = context;
        this.schedule = schedule;
        this.accepted = context.policy().residualRisks().stream()
                .filter(risk -> risk.shares().contains(ResidualRisk.Share.CORE) && inForce(risk))
                .map(risk -> new Sides(bits(risk.one()), bits(risk.two())))
                .toList();
    }

    private boolean inForce(ResidualRisk risk) {
        return risk.until().isEmpty()
                || context.today().map(day -> !day.isAfter(risk.until().get())).orElse(true);
    }

    private static BitSet bits(List<Endpoint> endpoints) {
        return FlowGraph.bits(endpoints);
    }

    void report(Findings out) {
        Map<Integer, List<Turn>> turns = new TreeMap<>();
        for (Schedule.MajorFrame major : schedule.majors()) {
            for (Schedule.CpuPlan plan : major.cpus()) {
                List<Turn> list = turns.computeIfAbsent(plan.cpu(), _ -> new ArrayList<>());
                for (Schedule.MinorFrame minor : plan.minors()) {
                    minor.domain().ifPresent(domain -> list.add(new Turn(major.name(), minor, domain)));
                }
            }
        }
        Set<Pair> seen = new HashSet<>();
        turns.forEach((cpu, list) -> {
            for (int i = 0; i < list.size(); i++) {
                // After the last major frame comes the first again.
                follow(cpu, list.get(i), list.get((i + 1) % list.size()), seen, out);
            }
        });
    }

    private void follow(int cpu, Turn before, Turn after, Set<Pair> seen, Findings out) {
        int a = before.domain().index();
        int b = after.domain().index();
        boolean sameLabel = before.domain().label().equals(after.domain().label());
        if (sameLabel || accepted.stream().anyMatch(risk -> risk.holds(a, b))) {
            return;
        }
        if (seen.add(new Pair(cpu, Math.min(a, b), Math.max(a, b)))) {
            out.error(
                    FindingId.SCHEDULE_SHARING,
                    after.minor().position(),
                    "on CPU " + cpu + " " + context.show(after.domain()) + where(after) + " follows "
                            + context.show(before.domain()) + where(before)
                            + ": labels differ, and nobody accepts that they share the core",
                    "give each label a CPU of its own, put domains of one label next to each other, or declare a"
                            + " residual risk that shares \"core\"");
        }
    }

    private String where(Turn turn) {
        return schedule.majors().size() == 1 ? "" : " in \"" + turn.major() + "\"";
    }
}
