package dev.cloister.policy.analysis.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Smallest cuts: maximum flow where each edge of a flow holds one unit and shared resources are not to be removed. A flow's two edges
 * run opposite ways, so that never both are in a smallest cut: edges are flows here.
 */
public final class CutFinder {
    /** The most edges of a cut that is proposed. */
    public static final int MOST = 32;

    private final FlowGraph graph;
    private final EdgeArrays edges;
    private final BitSet useful;
    private final int[] number;
    private final int[] flowEdge;
    private final MaxFlow network;

    private CutFinder(FlowGraph graph, EdgeFilter filter, BitSet from, BitSet to, BitSet avoid) {
        this.graph = graph;
        this.edges = graph.arrays();
        this.useful = Reach.forward(graph, filter, from, avoid);
        useful.and(Reach.backward(graph, filter, to, avoid));
        this.number = new int[edges.nodes()];
        int nodes = 2;
        for (int node = useful.nextSetBit(0); node >= 0; node = useful.nextSetBit(node + 1)) {
            number[node] = nodes++;
        }
        this.network = new MaxFlow(nodes);
        this.flowEdge = new int[edges.count()];
        Arrays.fill(flowEdge, -1);
        for (int node = useful.nextSetBit(0); node >= 0; node = useful.nextSetBit(node + 1)) {
            connect(node, filter, from, to);
        }
    }

    private void connect(int node, EdgeFilter filter, BitSet from, BitSet to) {
        if (from.get(node)) {
            network.add(0, number[node], MaxFlow.UNBOUNDED);
        }
        if (to.get(node)) {
            network.add(number[node], 1, MaxFlow.UNBOUNDED);
        }
        for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
            if (useful.get(edges.to(edge)) && filter.counts(edge)) {
                boolean removable = edges.flow(edge) != FlowGraph.NO_FLOW;
                flowEdge[edge] = network.add(number[node], number[edges.to(edge)], removable ? 1 : MaxFlow.UNBOUNDED);
            }
        }
    }

    /**
     * Finds a smallest cut between two sets that have nothing in common.
     *
     * @return the cut; with one edge every edge that is enough alone; empty if there is no path, or no cut of at most {@link #MOST}
     */
    public static Cut find(FlowGraph graph, EdgeFilter filter, BitSet from, BitSet to, BitSet avoid) {
        if (from.intersects(to)) {
            throw new IllegalArgumentException("no cut parts an endpoint from itself");
        }
        CutFinder finder = new CutFinder(graph, filter, from, to, avoid);
        long size = finder.network.run(0, 1, MOST + 1L);
        if (size == 0 || size > MOST) {
            return new Cut(List.of(), false);
        }
        return size == 1 ? new Cut(finder.single(), true) : new Cut(finder.frontier(finder.sourceSide()), false);
    }

    private boolean[] sourceSide() {
        boolean[] side = new boolean[network.nodes()];
        network.residual(0, side);
        return side;
    }

    /** Goes from cut to cut towards the sink: behind each edge that is a cut, the next one is looked for. */
    private List<FlowEdge> single() {
        List<FlowEdge> all = new ArrayList<>();
        boolean[] side = sourceSide();
        while (!side[1] && all.size() < MOST) {
            List<Integer> crossing = crossing(side);
            all.add(graph.edge(crossing.getFirst()));
            network.residual(number[edges.to(crossing.getFirst())], side);
        }
        return all;
    }

    private List<FlowEdge> frontier(boolean[] side) {
        return crossing(side).stream().map(graph::edge).toList();
    }

    private List<Integer> crossing(boolean[] side) {
        List<Integer> crossing = new ArrayList<>();
        for (int node = useful.nextSetBit(0); node >= 0; node = useful.nextSetBit(node + 1)) {
            for (int edge = edges.firstOut(node); side[number[node]] && edge < edges.firstOut(node + 1); edge++) {
                if (flowEdge[edge] >= 0 && !side[number[edges.to(edge)]]) {
                    crossing.add(edge);
                }
            }
        }
        return crossing;
    }
}
