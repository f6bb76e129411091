package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Endpoint;
import java.util.BitSet;
import java.util.function.IntConsumer;

/**
 * What reaches what in a {@link FlowGraph} over one or more edges: strongly connected components, and for each a row of bits. 10,000
 * endpoints take at most 12.5 MB. Immutable; safe for any number of threads.
 */
public final class Closure {
    private final int[] component;
    private final long[][] rows;

    private Closure(int[] component, long[][] rows) {
        this.component = component;
        this.rows = rows;
    }

    /** Returns whether information of one endpoint may reach another; of one itself, only around a cycle. */
    public boolean reaches(Endpoint from, Endpoint to) {
        return reaches(from.index(), to.index());
    }

    /** Returns whether information of the endpoint with one index may reach that with another. */
    public boolean reaches(int from, int to) {
        return (row(from)[to >>> 6] >>> to & 1) != 0;
    }

    /** Returns the indexes of the endpoints that information of one may reach. */
    public BitSet reached(int from) {
        return BitSet.valueOf(row(from));
    }

    /** Calls back with the index of each endpoint that information of one may reach, ascending. */
    public void forEachReached(int from, IntConsumer action) {
        long[] row = row(from);
        for (int word = 0; word < row.length; word++) {
            for (long bits = row[word]; bits != 0; bits &= bits - 1) {
                action.accept((word << 6) + Long.numberOfTrailingZeros(bits));
            }
        }
    }

    /** Returns the number of an endpoint's strongly connected component: endpoints of one component reach the same. */
    public int component(int endpoint) {
        return component[endpoint];
    }

    /** Returns the bits of the endpoints that one reaches; not to be written. */
    public long[] row(int from) {
        return rows[component[from]];
    }

    /** What each endpoint reaches over edges that a filter lets pass, none of them through what is avoided. */
    public static Closure of(FlowGraph graph, EdgeFilter filter, BitSet avoid) {
        EdgeArrays edges = graph.arrays();
        Components components = new Components(edges, filter, avoid);
        int words = graph.endpoints() + 63 >>> 6;
        long[][] rows = new long[components.count()][];
        long[][] members = members(graph, components, words);
        // Components are numbered in reverse topological order: whatever one leads to has a smaller number.
        int[] seen = new int[components.count()];
        for (int c = 0; c < rows.length; c++) {
            long[] row = components.cyclic(c) ? members[c].clone() : new long[words];
            for (int node = components.first(c); node >= 0; node = components.next(node)) {
                for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
                    int target = components.of(edges.to(edge));
                    boolean counts = filter.counts(edge) && !avoid.get(node) && !avoid.get(edges.to(edge));
                    if (counts && target != c && seen[target] != c + 1) {
                        seen[target] = c + 1;
                        or(row, rows[target]);
                        or(row, members[target]);
                    }
                }
            }
            rows[c] = row;
        }
        return new Closure(components.byNode(), rows);
    }

    private static long[][] members(FlowGraph graph, Components components, int words) {
        long[][] members = new long[components.count()][];
        for (int node = graph.arrays().nodes() - 1; node >= 0; node--) {
            int c = components.of(node);
            if (members[c] == null) {
                members[c] = new long[words];
            }
            if (node < graph.endpoints()) {
                members[c][node >>> 6] |= 1L << node;
            }
        }
        return members;
    }

    private static void or(long[] row, long[] more) {
        for (int i = 0; i < row.length; i++) {
            row[i] |= more[i];
        }
    }
}
