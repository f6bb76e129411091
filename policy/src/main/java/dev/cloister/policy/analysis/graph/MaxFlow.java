package dev.cloister.policy.analysis.graph;

import java.util.Arrays;

/**
 * Maximum flow by Dinic's algorithm, without recursion: level graphs by breadth-first search, blocking flows by depth-first search.
 */
public final class MaxFlow {
    /** A capacity that nothing exhausts; sums of some of them don't overflow. */
    public static final long UNBOUNDED = 1L << 60;

    private final int[] head;
    private int[] next = new int[64];
    private int[] to = new int[64];
    private long[] capacity = new long[64];
    private int count;
    private long[] frozen = {};

    private final int[] level;
    private final int[] cursor;
    private final int[] queue;
    private final int[] path;

    /** A network of so many nodes, without edges. */
    public MaxFlow(int nodes) {
        head = new int[nodes];
        Arrays.fill(head, -1);
        level = new int[nodes];
        cursor = new int[nodes];
        queue = new int[nodes];
        path = new int[nodes];
    }

    /** Adds an edge and returns its number, which is even; the next number is its reverse. */
    public int add(int from, int target, long bound) {
        if (count + 2 > to.length) {
            next = Arrays.copyOf(next, count * 2);
            to = Arrays.copyOf(to, count * 2);
            capacity = Arrays.copyOf(capacity, count * 2);
        }
        half(from, target, bound);
        half(target, from, 0);
        return count - 2;
    }

    private void half(int from, int target, long bound) {
        to[count] = target;
        capacity[count] = bound;
        next[count] = head[from];
        head[from] = count++;
    }

    /** Remembers the capacities as they are, for {@link #reset}. */
    public void freeze() {
        frozen = Arrays.copyOf(capacity, count);
    }

    /** Takes back every flow since {@link #freeze}. */
    public void reset() {
        System.arraycopy(frozen, 0, capacity, 0, frozen.length);
    }

    /**
     * Finds the maximum flow between two nodes, once; then {@link #reset} is needed.
     *
     * @param limit where it stops: the answer is exact if it is below, else only known to be no less
     */
    public long run(int source, int sink, long limit) {
        long total = 0;
        while (total < limit && levels(source, sink)) {
            System.arraycopy(head, 0, cursor, 0, head.length);
            long pushed = augment(source, sink);
            while (pushed > 0) {
                total += pushed;
                pushed = total < limit ? augment(source, sink) : 0;
            }
        }
        return total;
    }

    private boolean levels(int source, int sink) {
        Arrays.fill(level, -1);
        level[source] = 0;
        queue[0] = source;
        int last = 1;
        for (int first = 0; first < last; first++) {
            int node = queue[first];
            for (int edge = head[node]; edge >= 0; edge = next[edge]) {
                if (capacity[edge] > 0 && level[to[edge]] < 0) {
                    level[to[edge]] = level[node] + 1;
                    queue[last++] = to[edge];
                }
            }
        }
        return level[sink] >= 0;
    }

    /** Sends as much as one path of the level graph takes, and returns that; 0 if there is no path left. */
    private long augment(int source, int sink) {
        int depth = 0;
        int node = source;
        while (node != sink) {
            int edge = cursor[node];
            if (edge < 0) {
                if (depth == 0) {
                    return 0;
                }
                int back = path[--depth];
                node = to[back ^ 1];
                cursor[node] = next[back];
            } else if (capacity[edge] > 0 && level[to[edge]] == level[node] + 1) {
                path[depth++] = edge;
                node = to[edge];
            } else {
                cursor[node] = next[edge];
            }
        }
        return push(depth);
    }

    private long push(int depth) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < depth; i++) {
            least = Math.min(least, capacity[path[i]]);
        }
        for (int i = 0; i < depth; i++) {
            capacity[path[i]] -= least;
            capacity[path[i] ^ 1] += least;
        }
        return least;
    }

    /** Adds to {@code side} what a node reaches in the residual graph; after a run, from the source: its side of a minimum cut. */
    void residual(int node, boolean[] side) {
        if (side[node]) {
            return;
        }
        side[node] = true;
        queue[0] = node;
        int last = 1;
        for (int first = 0; first < last; first++) {
            for (int edge = head[queue[first]]; edge >= 0; edge = next[edge]) {
                if (capacity[edge] > 0 && !side[to[edge]]) {
                    side[to[edge]] = true;
                    queue[last++] = to[edge];
                }
            }
        }
    }

    int nodes() {
        return head.length;
    }
}
