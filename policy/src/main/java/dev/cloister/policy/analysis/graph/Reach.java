package dev.cloister.policy.analysis.graph;

import java.util.BitSet;

/** Plain reachability from a set of nodes, forward or backward, hubs included. */
public final class Reach {
    private Reach() {}

    /** Returns the nodes that some of {@code from} reach over zero or more edges, on paths that touch none of {@code avoid}. */
    public static BitSet forward(FlowGraph graph, EdgeFilter filter, BitSet from, BitSet avoid) {
        EdgeArrays edges = graph.arrays();
        BitSet seen = (BitSet) from.clone();
        seen.andNot(avoid);
        int[] stack = new int[edges.nodes()];
        int depth = push(seen, stack);
        while (depth > 0) {
            int node = stack[--depth];
            for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
                int next = edges.to(edge);
                if (!seen.get(next) && !avoid.get(next) && filter.counts(edge)) {
                    seen.set(next);
                    stack[depth++] = next;
                }
            }
        }
        return seen;
    }

    /** Returns the nodes that reach some of {@code to} over zero or more edges, on paths that touch none of {@code avoid}. */
    public static BitSet backward(FlowGraph graph, EdgeFilter filter, BitSet to, BitSet avoid) {
        EdgeArrays edges = graph.arrays();
        BitSet seen = (BitSet) to.clone();
        seen.andNot(avoid);
        int[] stack = new int[edges.nodes()];
        int depth = push(seen, stack);
        while (depth > 0) {
            int node = stack[--depth];
            for (int place = edges.firstIn(node); place < edges.firstIn(node + 1); place++) {
                int previous = edges.from(edges.in(place));
                if (!seen.get(previous) && !avoid.get(previous) && filter.counts(edges.in(place))) {
                    seen.set(previous);
                    stack[depth++] = previous;
                }
            }
        }
        return seen;
    }

    private static int push(BitSet seen, int[] stack) {
        int depth = 0;
        for (int node = seen.nextSetBit(0); node >= 0; node = seen.nextSetBit(node + 1)) {
            stack[depth++] = node;
        }
        return depth;
    }
}
