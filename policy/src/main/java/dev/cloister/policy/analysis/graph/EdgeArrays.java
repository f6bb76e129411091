package dev.cloister.policy.analysis.graph;

import java.util.Arrays;

/**
 * Edges in flat arrays, sorted by the node they leave (compressed rows), with a second index by the node they enter. Immutable.
 */
public final class EdgeArrays {
    private static final EdgeClass[] CLASSES = EdgeClass.values();
    private static final int SHARE_BITS = 2;
    private static final int SHARES = (1 << SHARE_BITS) - 1;

    private final int nodes;
    private final int[] from;
    private final int[] to;
    private final int[] origin;
    private final byte[] code;
    private final int[] rowStart;
    private final int[] columnStart;
    private final int[] byReceiver;

    private EdgeArrays(int nodes, int[] from, int[] to, int[] origin, byte[] code) {
        this.nodes = nodes;
        this.from = from;
        this.to = to;
        this.origin = origin;
        this.code = code;
        this.rowStart = starts(from, nodes);
        this.columnStart = starts(to, nodes);
        this.byReceiver = order(to, columnStart);
    }

    private static int[] starts(int[] key, int nodes) {
        int[] start = new int[nodes + 1];
        for (int k : key) {
            start[k + 1]++;
        }
        for (int i = 0; i < nodes; i++) {
            start[i + 1] += start[i];
        }
        return start;
    }

    /** Returns the numbers of the keys, stably sorted by key. */
    private static int[] order(int[] key, int[] start) {
        int[] next = start.clone();
        int[] order = new int[key.length];
        for (int i = 0; i < key.length; i++) {
            order[next[key[i]]++] = i;
        }
        return order;
    }

    int nodes() {
        return nodes;
    }

    /** How many edges there are. */
    public int count() {
        return from.length;
    }

    /** Returns the first edge that leaves a node; the last is before the first of the next node. */
    public int firstOut(int node) {
        return rowStart[node];
    }

    /** Returns the first place in the list of edges by receiver; see {@link #in}. */
    int firstIn(int node) {
        return columnStart[node];
    }

    /** Returns the edge at a place in the list of edges by receiver. */
    int in(int place) {
        return byReceiver[place];
    }

    /** The node that an edge leaves. */
    public int from(int edge) {
        return from[edge];
    }

    /** The node that an edge enters. */
    public int to(int edge) {
        return to[edge];
    }

    /** Returns {@link EdgeSet#code} of the edge. */
    int code(int edge) {
        return code[edge];
    }

    /** What an edge stands for. */
    public EdgeClass edgeClass(int edge) {
        return CLASSES[code[edge] >> 1];
    }

    /** Whether a guard mediates an edge. */
    public boolean mediated(int edge) {
        return (code[edge] & 1) != 0;
    }

    /** Returns the flow's index, or {@link FlowGraph#NO_FLOW} for a hub's edge. */
    public int flow(int edge) {
        return Math.max(origin[edge], FlowGraph.NO_FLOW);
    }

    /** Returns the ordinal of what is shared over a hub's edge. */
    int share(int edge) {
        return -2 - origin[edge] & SHARES;
    }

    /** Returns the place of the accepting risk among those in force, for the edge between the two hubs; else -1. */
    public int risk(int edge) {
        return (-2 - origin[edge] >> SHARE_BITS) - 1;
    }

    /** Collects edges in any order. */
    static final class Builder {
        private int[] from = new int[64];
        private int[] to = new int[64];
        private int[] origin = new int[64];
        private byte[] code = new byte[64];
        private int count;

        void flow(int sender, int receiver, EdgeClass edgeClass, boolean mediated, int flow) {
            add(sender, receiver, EdgeSet.code(edgeClass, mediated), flow);
        }

        void hub(int sender, int receiver, EdgeClass edgeClass, int share, int risk) {
            add(sender, receiver, EdgeSet.code(edgeClass, false), -2 - (risk + 1 << SHARE_BITS | share));
        }

        private void add(int sender, int receiver, int edgeCode, int edgeOrigin) {
            if (count == from.length) {
                from = Arrays.copyOf(from, count * 2);
                to = Arrays.copyOf(to, count * 2);
                origin = Arrays.copyOf(origin, count * 2);
                code = Arrays.copyOf(code, count * 2);
            }
            from[count] = sender;
            to[count] = receiver;
            origin[count] = edgeOrigin;
            code[count++] = (byte) edgeCode;
        }

        EdgeArrays build(int nodes) {
            int[] keys = Arrays.copyOf(from, count);
            int[] order = order(keys, starts(keys, nodes));
            int[] senders = new int[count];
            int[] receivers = new int[count];
            int[] origins = new int[count];
            byte[] codes = new byte[count];
            for (int i = 0; i < count; i++) {
                senders[i] = from[order[i]];
                receivers[i] = to[order[i]];
                origins[i] = origin[order[i]];
                codes[i] = code[order[i]];
            }
            return new EdgeArrays(nodes, senders, receivers, origins, codes);
        }
    }
}
