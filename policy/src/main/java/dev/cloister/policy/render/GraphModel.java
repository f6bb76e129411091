package dev.cloister.policy.render;

import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What is drawn of a policy: its labels in order of dominance, and its edges. Immutable. */
final class GraphModel {
    private final Policy policy;
    private final Map<Label, Integer> ranks;
    private final List<GraphEdge> edges;

    GraphModel(Policy policy) {
        this.policy = policy;
        this.ranks = ranks(policy);
        this.edges = edges(policy);
    }

    Policy policy() {
        return policy;
    }

    List<GraphEdge> edges() {
        return edges;
    }

    /** Returns the labels that endpoints have, lowest first, with the layer that each belongs to, from 0 on. */
    Map<Label, Integer> ranks() {
        return ranks;
    }

    int rank(Endpoint endpoint) {
        return ranks.getOrDefault(endpoint.label(), 0);
    }

    /** A label that dominates another is higher by level, or has the same level and more compartments. */
    private static Map<Label, Integer> ranks(Policy policy) {
        int[] height = heights(policy.lattice());
        Comparator<Label> order = Comparator.comparingInt((Label label) -> height[label.level()])
                .thenComparingInt(label -> Long.bitCount(label.compartments()));
        List<Label> labels = policy.endpoints().stream()
                .map(Endpoint::label)
                .distinct()
                .sorted(order)
                .toList();
        Map<Label, Integer> ranks = new LinkedHashMap<>();
        int rank = 0;
        for (int i = 0; i < labels.size(); i++) {
            if (i > 0 && order.compare(labels.get(i - 1), labels.get(i)) != 0) {
                rank++;
            }
            ranks.put(labels.get(i), rank);
        }
        return ranks;
    }

    /** For each level the length of the longest chain of levels below it. */
    private static int[] heights(Lattice lattice) {
        int[] height = new int[lattice.levels().size()];
        List<Integer> byDownSet = IntStream.range(0, height.length)
                .boxed()
                .sorted(Comparator.comparingInt(
                        level -> Long.bitCount(lattice.below().get(level))))
                .toList();
        for (int level : byDownSet) {
            height[level] = IntStream.range(0, height.length)
                    .filter(low -> low != level && (lattice.below().get(level) >>> low & 1) != 0)
                    .map(low -> height[low] + 1)
                    .max()
                    .orElse(0);
        }
        return height;
    }

    private static List<GraphEdge> edges(Policy policy) {
        List<GraphEdge> edges = new ArrayList<>();
        BitSet allowed = new BitSet();
        for (FlowEdge edge : FlowGraph.of(policy).flowEdges()) {
            Flow flow = edge.flow().orElseThrow();
            if (edge.edgeClass() == EdgeClass.DECLARED) {
                allowed.set(flow.index());
            }
            long budget = flow.backChannel().map(BackChannel::bitsPerSecond).orElse(0L);
            edges.add(new GraphEdge(
                    edge.from(), edge.to(), flow.kind(), flow.name(), sort(edge), budget, flow.position()));
        }
        policy.flows().stream()
                .filter(flow -> !allowed.get(flow.index()))
                .forEach(flow -> edges.add(new GraphEdge(
                        flow.from(), flow.to(), flow.kind(), flow.name(), GraphEdge.Sort.REFUSED, 0, flow.position())));
        return List.copyOf(edges);
    }

    private static GraphEdge.Sort sort(FlowEdge edge) {
        return switch (edge.edgeClass()) {
            case DECLARED -> edge.mediated() ? GraphEdge.Sort.MEDIATED : GraphEdge.Sort.GRANTED;
            case INDUCED_BUDGETED -> GraphEdge.Sort.BUDGETED;
            case INDUCED_LEGAL, SHARED_ACCEPTED -> GraphEdge.Sort.LEGAL;
            case INDUCED_UNBUDGETED, SHARED_UNDECLARED -> GraphEdge.Sort.LEAK;
        };
    }
}
