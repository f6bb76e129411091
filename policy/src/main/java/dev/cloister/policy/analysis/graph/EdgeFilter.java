package dev.cloister.policy.analysis.graph;

/** Which edges of {@link EdgeArrays} count. */
@FunctionalInterface
public interface EdgeFilter {
    /** Returns whether the edge counts. */
    boolean counts(int edge);

    /** Returns the filter for a set of edges. */
    static EdgeFilter of(FlowGraph graph, EdgeSet which) {
        int mask = which.mask();
        EdgeArrays edges = graph.arrays();
        return edge -> (mask >>> edges.code(edge) & 1) != 0;
    }
}
