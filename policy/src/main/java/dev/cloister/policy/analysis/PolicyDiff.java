package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What differs between two policies in what they permit, not in how they are written. Domains are the same if their UUIDs are, so that
 * a new name is a new name; other endpoints if their names are. Flows are the same if their names are, or else their ends and kind.
 *
 * @param changes what was added, removed and changed: domains, then guards, then flows, then what the policy says once
 * @param gained pairs that have a path in the new policy only
 * @param lost pairs that had a path in the old policy only
 * @param gainedPairs how many pairs gained a path; the list may be shorter
 * @param lostPairs how many pairs lost a path; the list may be shorter
 */
public record PolicyDiff(
        List<Change> changes, List<FlowPath> gained, List<FlowPath> lost, long gainedPairs, long lostPairs) {
    /**
     * One difference.
     *
     * @param what what it is about, such as {@code flow "readings"}
     * @param text the difference in words, such as {@code gate labels: granted before, now refused}
     * @param position where the new policy states it; for what was removed, where the old one did
     */
    public record Change(String what, String text, String position) {}

    /** Copies the lists. */
    public PolicyDiff {
        changes = List.copyOf(changes);
        gained = List.copyOf(gained);
        lost = List.copyOf(lost);
    }

    /**
     * Compares two policies.
     *
     * @param before the old policy
     * @param after the new policy
     * @param most how many pairs to list with a path; all are counted
     */
    public static PolicyDiff of(Policy before, Policy after, int most) {
        Counterparts counterparts = new Counterparts(before, after);
        List<Change> changes = new Changes(counterparts).list();
        Pairs pairs = new Pairs(counterparts, most);
        return new PolicyDiff(changes, pairs.gained, pairs.lost, pairs.gainedPairs, pairs.lostPairs);
    }

    /** Returns whether the two permit the same. */
    public boolean same() {
        return changes.isEmpty() && gainedPairs == 0 && lostPairs == 0;
    }

    /** Compares the closures of declared flows and of reverse edges without a budget. */
    private static final class Pairs {
        private final List<FlowPath> gained = new ArrayList<>();
        private final List<FlowPath> lost = new ArrayList<>();
        private long gainedPairs;
        private long lostPairs;

        Pairs(Counterparts counterparts, int most) {
            FlowGraph oldGraph = FlowGraph.of(counterparts.before());
            FlowGraph newGraph = FlowGraph.of(counterparts.after());
            Closure oldClosure = oldGraph.closure(EdgeSet.DEFINITE);
            Closure newClosure = newGraph.closure(EdgeSet.DEFINITE);
            for (Endpoint from : counterparts.after().endpoints()) {
                int old = counterparts.oldOf(from.index());
                BitSet more = newClosure.reached(from.index());
                more.andNot(old < 0 ? new BitSet() : counterparts.toNew(oldClosure.reached(old)));
                gainedPairs += paths(newGraph, from, more, most, gained);
            }
            for (Endpoint from : counterparts.before().endpoints()) {
                int now = counterparts.newOf(from.index());
                BitSet less = oldClosure.reached(from.index());
                less.andNot(now < 0 ? new BitSet() : counterparts.toOld(newClosure.reached(now)));
                lostPairs += paths(oldGraph, from, less, most, lost);
            }
        }

        private static long paths(FlowGraph graph, Endpoint from, BitSet ends, int most, List<FlowPath> list) {
            ends.clear(from.index());
            for (int to = ends.nextSetBit(0); to >= 0 && list.size() < most; to = ends.nextSetBit(to + 1)) {
                graph.shortestPath(EdgeSet.DEFINITE, from, graph.policy().endpoint(to))
                        .ifPresent(list::add);
            }
            return ends.cardinality();
        }
    }
}
