package dev.cloister.policy.analysis.graph;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Strongly connected components by Tarjan's algorithm, without recursion: a chain of 10,000 domains must not overflow the stack. They
 * are numbered in reverse topological order.
 */
public final class Components {
    private static final int UNSEEN = -1;

    private final EdgeArrays edges;
    private final EdgeFilter filter;
    private final BitSet avoid;
    private final int[] of;
    private final int[] next;
    private int[] first = new int[16];
    private final BitSet cyclic = new BitSet();
    private int count;

    private final int[] order;
    private final int[] low;
    private final int[] stack;
    private final int[] calls;
    private final int[] cursor;
    private int stackSize;
    private int clock;

    /** The strong components over edges that a filter lets pass, without the nodes that are avoided. */
    public Components(EdgeArrays edges, EdgeFilter filter, BitSet avoid) {
        this.edges = edges;
        this.filter = filter;
        this.avoid = avoid;
        int nodes = edges.nodes();
        of = new int[nodes];
        next = new int[nodes];
        order = new int[nodes];
        low = new int[nodes];
        stack = new int[nodes];
        calls = new int[nodes];
        cursor = new int[nodes];
        Arrays.fill(order, UNSEEN);
        Arrays.fill(of, UNSEEN);
        for (int node = 0; node < nodes; node++) {
            if (order[node] == UNSEEN) {
                visit(node);
            }
        }
    }

    private void visit(int root) {
        int depth = 0;
        calls[0] = enter(root);
        while (depth >= 0) {
            int node = calls[depth];
            int child = step(node);
            if (child >= 0) {
                calls[++depth] = enter(child);
            } else {
                depth--;
                leave(node);
                if (depth >= 0) {
                    low[calls[depth]] = Math.min(low[calls[depth]], low[node]);
                }
            }
        }
    }

    private int enter(int node) {
        order[node] = clock;
        low[node] = clock++;
        stack[stackSize++] = node;
        cursor[node] = edges.firstOut(node);
        return node;
    }

    /** Goes through a node's edges up to one that leads to an unseen node, and returns that; -1 at the end. */
    private int step(int node) {
        while (cursor[node] < edges.firstOut(node + 1)) {
            int edge = cursor[node]++;
            int to = edges.to(edge);
            if (!filter.counts(edge) || avoid.get(node) || avoid.get(to)) {
                continue;
            }
            if (order[to] == UNSEEN) {
                return to;
            }
            if (of[to] == UNSEEN) {
                low[node] = Math.min(low[node], order[to]);
            }
        }
        return -1;
    }

    private void leave(int node) {
        if (low[node] != order[node]) {
            return;
        }
        if (count == first.length) {
            first = Arrays.copyOf(first, count * 2);
        }
        int previous = -1;
        int size = 0;
        int member;
        do {
            member = stack[--stackSize];
            of[member] = count;
            next[member] = previous;
            previous = member;
            size++;
        } while (member != node);
        first[count] = previous;
        if (size > 1) {
            cyclic.set(count);
        }
        count++;
    }

    /** How many components there are. */
    public int count() {
        return count;
    }

    /** The component of a node. */
    public int of(int node) {
        return of[node];
    }

    int[] byNode() {
        return of;
    }

    /** Returns whether the component has more than one node, so that each reaches itself. */
    boolean cyclic(int component) {
        return cyclic.get(component);
    }

    /** Returns a node of a component; the others follow by {@link #next}. */
    int first(int component) {
        return first[component];
    }

    /** Returns the component's node after another, or -1. */
    int next(int node) {
        return next[node];
    }
}
