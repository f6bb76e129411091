package dev.cloister.policy.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Shortest paths by breadth-first search. The three edges through a hub count as one: the two that lead to the hub on the receiver's
 * side cost nothing.
 */
final class PathSearch {
    private final FlowGraph graph;
    private final EdgeArrays edges;
    private final int mask;
    private final int[] distance;
    private final int[] by;

    PathSearch(FlowGraph graph, int mask) {
        this.graph = graph;
        this.edges = graph.arrays();
        this.mask = mask;
        this.distance = new int[edges.nodes()];
        this.by = new int[edges.nodes()];
    }

    /** Finds a shortest path from one set to a different node of the other that touches none of {@code avoid}. */
    Optional<FlowPath> shortest(BitSet from, BitSet to, BitSet avoid) {
        if (!from.intersects(to)) {
            int end = search(from, to, avoid, Integer.MAX_VALUE);
            return end < 0 ? Optional.empty() : Optional.of(path(end));
        }
        Optional<FlowPath> best = Optional.empty();
        for (int start = from.nextSetBit(0); start >= 0; start = from.nextSetBit(start + 1)) {
            BitSet one = new BitSet();
            one.set(start);
            BitSet others = (BitSet) to.clone();
            others.clear(start);
            int end = search(
                    one, others, avoid, best.map(path -> path.edges().size()).orElse(Integer.MAX_VALUE));
            if (end >= 0) {
                best = Optional.of(path(end));
            }
        }
        return best;
    }

    /** Returns the first node of {@code to} that is reached over fewer than {@code below} edges, or -1. */
    private int search(BitSet from, BitSet to, BitSet avoid, int below) {
        Arrays.fill(distance, Integer.MAX_VALUE);
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        from.stream().filter(start -> !avoid.get(start)).forEach(start -> {
            distance[start] = 0;
            by[start] = -1;
            queue.add(start);
        });
        BitSet done = new BitSet(distance.length);
        while (!queue.isEmpty()) {
            int node = queue.removeFirst();
            if (distance[node] >= below) {
                return -1;
            }
            if (to.get(node)) {
                return node;
            }
            if (!done.get(node)) {
                done.set(node);
                relax(node, avoid, queue);
            }
        }
        return -1;
    }

    private void relax(int node, BitSet avoid, ArrayDeque<Integer> queue) {
        for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
            int next = edges.to(edge);
            boolean counts = (mask >>> edges.code(edge) & 1) != 0 && !avoid.get(next);
            int cost = next < graph.endpoints() ? 1 : 0;
            if (counts && distance[node] + cost < distance[next]) {
                distance[next] = distance[node] + cost;
                by[next] = edge;
                if (cost == 0) {
                    queue.addFirst(next);
                } else {
                    queue.addLast(next);
                }
            }
        }
    }

    private FlowPath path(int end) {
        List<FlowEdge> path = new ArrayList<>();
        int node = end;
        while (by[node] >= 0) {
            int edge = by[node];
            int sender = edges.from(edge);
            if (edges.flow(edge) != FlowGraph.NO_FLOW) {
                path.add(graph.edge(edge));
            } else {
                sender = edges.from(by[edges.from(by[sender])]);
                path.add(graph.sharedEdge(sender, node, edge));
            }
            node = sender;
        }
        Collections.reverse(path);
        return new FlowPath(path);
    }
}
