package dev.cloister.policy.analysis.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Shortest paths by breadth-first search. The three edges through a hub count as one: the two that lead to the hub on the receiver's
 * side cost nothing.
 *
 * <p>Where an endpoint may be start and end, a path must still end elsewhere than where it began: then each node keeps the two nearest
 * different starts, which is enough to find for every end its nearest other start.
 */
public final class PathSearch {
    private static final int NONE = -1;

    private final FlowGraph graph;
    private final EdgeArrays edges;
    private final EdgeFilter filter;

    private int slots = 1;
    private int[] start = {};
    private int[] by = {};
    private int[] before = {};
    private int[] ring = {};
    private int head;
    private int size;

    /** Searches over the edges that a filter lets pass. */
    public PathSearch(FlowGraph graph, EdgeFilter filter) {
        this.graph = graph;
        this.edges = graph.arrays();
        this.filter = filter;
    }

    /** Finds a shortest path from one set to a different node of the other that touches none of {@code avoid}. */
    public Optional<FlowPath> shortest(BitSet from, BitSet to, BitSet avoid) {
        slots = from.intersects(to) ? 2 : 1;
        int labels = edges.nodes() * slots;
        start = new int[labels];
        by = new int[labels];
        before = new int[labels];
        ring = new int[Integer.highestOneBit(Math.max(1, labels)) << 1];
        head = 0;
        size = 0;
        Arrays.fill(start, NONE);
        for (int node = from.nextSetBit(0); node >= 0; node = from.nextSetBit(node + 1)) {
            if (!avoid.get(node)) {
                label(node, node, NONE, NONE, false);
            }
        }
        while (size > 0) {
            int end = expand(removeFirst(), to, avoid);
            if (end >= 0) {
                return Optional.of(path(end));
            }
        }
        return Optional.empty();
    }

    /** Labels what one label leads to, and returns the first label of an end, or -1. */
    private int expand(int label, BitSet to, BitSet avoid) {
        int node = label / slots;
        for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
            int next = edges.to(edge);
            if (avoid.get(next) || !filter.counts(edge)) {
                continue;
            }
            int made = label(next, start[label], edge, label, next >= graph.endpoints());
            if (made >= 0 && to.get(next) && start[made] != next) {
                return made;
            }
        }
        return NONE;
    }

    /** Gives a node a label unless it has one of that start, or all that it may have; returns the label, or -1. */
    private int label(int node, int from, int edge, int previous, boolean free) {
        for (int label = node * slots; label < (node + 1) * slots; label++) {
            if (start[label] == from) {
                return NONE;
            }
            if (start[label] == NONE) {
                start[label] = from;
                by[label] = edge;
                before[label] = previous;
                if (free) {
                    head = head - 1 & ring.length - 1;
                    ring[head] = label;
                } else {
                    ring[head + size & ring.length - 1] = label;
                }
                size++;
                return label;
            }
        }
        return NONE;
    }

    private int removeFirst() {
        int label = ring[head];
        head = head + 1 & ring.length - 1;
        size--;
        return label;
    }

    private FlowPath path(int end) {
        List<FlowEdge> path = new ArrayList<>();
        int label = end;
        while (before[label] >= 0) {
            int edge = by[label];
            if (edges.flow(edge) != FlowGraph.NO_FLOW) {
                path.add(graph.edge(edge));
                label = before[label];
            } else {
                int sender = before[before[before[label]]];
                path.add(graph.sharedEdge(sender / slots, label / slots, edge));
                label = sender;
            }
        }
        Collections.reverse(path);
        return new FlowPath(path);
    }
}
