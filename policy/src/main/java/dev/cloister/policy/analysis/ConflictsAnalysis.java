package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Conflict sets: parties of a historic set that can reach a common endpoint, flows between domains that can never run together,
 * and sets that forbid nothing.
 */
final class ConflictsAnalysis implements Analysis {
    @Override
    public String id() {
        return "conflicts";
    }

    @Override
    public String title() {
        return "conflicting parties stay apart";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().conflicts().size();
    }

    private static final int MOST_FOR_A_SET = 3;

    @Override
    public void run(AnalysisContext context, Findings out) {
        Policy policy = context.policy();
        for (ConflictSet set : policy.conflicts()) {
            if (trivial(set)) {
                out.warning(
                        FindingId.CONFLICT_TRIVIAL,
                        set.position(),
                        "conflict set \"" + set.name() + "\" forbids nothing: "
                                + Words.count(parties(set), "party").replace("partys", "parties")
                                + " of it can be in conflict, and it takes two",
                        set.mode() == ConflictSet.Mode.CONCURRENT
                                ? "name domains of at least two parties"
                                : "name endpoints other than @console and @audit of at least two parties");
            } else if (set.mode() == ConflictSet.Mode.HISTORIC) {
                commonReach(context.graph(), set, out);
            }
        }
        neverBoth(policy, out);
    }

    private static boolean trivial(ConflictSet set) {
        return parties(set) < 2;
    }

    private static long parties(ConflictSet set) {
        return set.parties().stream()
                .filter(party -> party.members().stream().anyMatch(member -> counts(set, member)))
                .count();
    }

    private static boolean counts(ConflictSet set, Endpoint member) {
        return set.mode() == ConflictSet.Mode.CONCURRENT ? member instanceof Domain : !PartyReach.exempt(member);
    }

    private static void commonReach(FlowGraph graph, ConflictSet set, Findings out) {
        List<PartyReach.Meeting> meetings = new PartyReach(graph, set).meetings();
        Set<Long> pairs = new HashSet<>();
        meetings.stream()
                .sorted(Comparator.comparingInt(PartyReach.Meeting::length)
                        .thenComparingInt(meeting -> meeting.at().index()))
                .filter(meeting -> pairs.add(meeting.pair()))
                .limit(MOST_FOR_A_SET)
                .forEach(meeting -> out.warning(
                        FindingId.COMMON_REACH,
                        set.position(),
                        "information of " + set.parties().get(meeting.one()).name() + " and of "
                                + set.parties().get(meeting.two()).name() + ", parties of \"" + set.name()
                                + "\", can both reach " + meeting.at().name() + ": " + meeting.words()
                                + "; at run time it is one or the other" + others(meetings.size()),
                        "remove a flow of one of the two ways, or let a guard that sanitizes \"" + set.name()
                                + "\" stand in it"));
    }

    private static String others(int endpoints) {
        return endpoints == 1 ? "" : " (" + endpoints + " endpoints of the policy are in this position)";
    }

    private static void neverBoth(Policy policy, Findings out) {
        List<ConflictSet> sets = policy.conflicts().stream()
                .filter(set -> set.mode() == ConflictSet.Mode.CONCURRENT)
                .toList();
        for (Flow flow : sets.isEmpty() ? List.<Flow>of() : policy.flows()) {
            sets.stream()
                    .filter(set -> apart(policy, set, flow))
                    .findFirst()
                    .ifPresent(set -> out.warning(
                            FindingId.CONFLICT_NEVER_BOTH,
                            flow.position(),
                            "flow \"" + flow.name() + "\" never lives: "
                                    + flow.from().name() + " and " + flow.to().name()
                                    + " are of different parties of the concurrent conflict set \"" + set.name()
                                    + "\" (" + set.position() + ") and never run together",
                            "remove the flow, or put one of the two into no party"));
        }
    }

    /** Whether both are domains of different parties. A guard that sanitizes the set may run with every party. */
    private static boolean apart(Policy policy, ConflictSet set, Flow flow) {
        int from = party(policy, set, flow.from());
        int to = party(policy, set, flow.to());
        return from != ConflictSet.NO_PARTY && to != ConflictSet.NO_PARTY && from != to;
    }

    private static int party(Policy policy, ConflictSet set, Endpoint endpoint) {
        boolean free = !(endpoint instanceof Domain) || PartyReach.passedOver(policy, set, endpoint.index());
        return free ? ConflictSet.NO_PARTY : policy.party(set.index(), endpoint.index());
    }
}
