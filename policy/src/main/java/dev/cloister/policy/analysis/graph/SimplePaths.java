package dev.cloister.policy.analysis.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Shortest paths without cycles, one after the other, by Yen's algorithm: each found path is left at each of its nodes over an edge that
 * no found path with the same beginning takes. A path ends at the first end that it meets.
 */
final class SimplePaths {
    private static final Comparator<FlowPath> ORDER =
            Comparator.comparingInt((FlowPath path) -> path.edges().size()).thenComparing(SimplePaths::key);

    private final FlowGraph graph;
    private final EdgeArrays edges;
    private final EdgeFilter filter;
    private final BitSet from;
    private final BitSet to;
    private final List<FlowPath> found = new ArrayList<>();
    private final TreeSet<FlowPath> candidates = new TreeSet<>(ORDER);

    SimplePaths(FlowGraph graph, EdgeFilter filter, BitSet from, BitSet to) {
        this.graph = graph;
        this.edges = graph.arrays();
        this.filter = filter;
        this.from = (BitSet) from.clone();
        this.to = to;
    }

    /** A key that orders paths as the policy declares their edges. */
    private static String key(FlowPath path) {
        return path.edges().stream()
                .map(edge -> String.format(
                        "%06d.%d.%d.%06d",
                        edge.from().index(),
                        edge.edgeClass().ordinal(),
                        edge.share().map(Enum::ordinal).orElse(0),
                        edge.flow().map(flow -> flow.index()).orElse(edge.to().index())))
                .collect(Collectors.joining(","));
    }

    List<FlowPath> find(int most) {
        fromNewStart();
        while (found.size() < most && !candidates.isEmpty()) {
            FlowPath path = candidates.pollFirst();
            found.add(path);
            if (from.get(path.from().index())) {
                from.clear(path.from().index());
                fromNewStart();
            }
            branch(path);
        }
        return List.copyOf(found);
    }

    /** Adds a shortest path from a start at which no path yet begins. */
    private void fromNewStart() {
        new PathSearch(graph, filter).shortest(from, to, new BitSet()).ifPresent(candidates::add);
    }

    private void branch(FlowPath path) {
        BitSet root = new BitSet();
        for (int i = 0; i < path.edges().size(); i++) {
            List<FlowEdge> before = path.edges().subList(0, i);
            int spur = path.edges().get(i).from().index();
            Set<FlowEdge> taken = new HashSet<>();
            for (FlowPath other : found) {
                if (other.edges().size() > i
                        && other.edges().subList(0, i).equals(before)
                        && other.edges().get(i).from().index() == spur) {
                    taken.add(other.edges().get(i));
                }
            }
            detour(spur, root, taken).ifPresent(rest -> {
                List<FlowEdge> whole = new ArrayList<>(before);
                whole.addAll(rest);
                candidates.add(new FlowPath(whole));
            });
            root.set(spur);
        }
    }

    /** Finds a shortest way from a node to an end that touches no node of the root and doesn't begin with an edge that is taken. */
    private Optional<List<FlowEdge>> detour(int spur, BitSet root, Set<FlowEdge> taken) {
        BitSet seen = (BitSet) root.clone();
        seen.set(spur);
        @Nullable FlowEdge[] by = new @Nullable FlowEdge[graph.endpoints()];
        ArrayDeque<Integer> queue = new ArrayDeque<>(List.of(spur));
        while (!queue.isEmpty()) {
            int node = queue.removeFirst();
            for (FlowEdge edge : steps(node, seen)) {
                int next = edge.to().index();
                if (node == spur && taken.contains(edge) || seen.get(next)) {
                    continue;
                }
                seen.set(next);
                by[next] = edge;
                if (to.get(next)) {
                    return Optional.of(trace(by, next));
                }
                queue.add(next);
            }
        }
        return Optional.empty();
    }

    private static List<FlowEdge> trace(@Nullable FlowEdge[] by, int end) {
        List<FlowEdge> path = new ArrayList<>();
        for (FlowEdge edge = by[end]; edge != null; edge = by[edge.from().index()]) {
            path.add(edge);
        }
        Collections.reverse(path);
        return path;
    }

    /** Returns the edges from an endpoint to others that are not yet seen, hubs left out. */
    private List<FlowEdge> steps(int node, BitSet seen) {
        List<FlowEdge> steps = new ArrayList<>();
        for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
            if (!filter.counts(edge)) {
                continue;
            }
            if (edges.flow(edge) == FlowGraph.NO_FLOW) {
                throughHubs(node, edges.to(edge), seen, steps);
            } else if (!seen.get(edges.to(edge))) {
                steps.add(graph.edge(edge));
            }
        }
        return steps;
    }

    private void throughHubs(int node, int out, BitSet seen, List<FlowEdge> steps) {
        for (int across = edges.firstOut(out); across < edges.firstOut(out + 1); across++) {
            int in = edges.to(across);
            for (int edge = edges.firstOut(in); edge < edges.firstOut(in + 1); edge++) {
                if (!seen.get(edges.to(edge))) {
                    steps.add(graph.sharedEdge(node, edges.to(edge), edge));
                }
            }
        }
    }
}
