package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Components;
import dev.cloister.policy.analysis.graph.EdgeArrays;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeFilter;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.MaxFlow;
import dev.cloister.policy.analysis.graph.PathSearch;
import dev.cloister.policy.analysis.graph.Reach;
import dev.cloister.policy.analysis.graph.SharedResources;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.ResidualRisk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What each edge without a guard's mediation can carry, in bits per second, and maximum flows over them. */
final class Capacities {
    /** The most pairs of sharing domains that are laid out for an exact flow. */
    private static final long MOST_SHARED = 100_000;

    private final FlowGraph graph;
    private final EdgeArrays edges;
    private final EdgeFilter counted;
    private final long[] capacity;
    private final List<Sharing> sharing = new ArrayList<>();
    private final Map<Long, Long> known = new HashMap<>();
    private @Nullable Condensed condensed;
    private final int count;

    /** One group's way to another over an accepted risk. */
    private record Sharing(List<Domain> from, List<Domain> to, long bits) {
        long pairs() {
            return (long) from.size() * to.size();
        }
    }

    Capacities(FlowGraph graph) {
        this.graph = graph;
        this.edges = graph.arrays();
        this.counted = EdgeFilter.of(graph, NoninterferenceAnalysis.RESIDUAL);
        this.capacity = new long[edges.count()];
        int flowEdges = 0;
        for (int edge = 0; edge < edges.count(); edge++) {
            capacity[edge] = counted.counts(edge) ? capacity(edge) : 0;
            flowEdges += capacity[edge] > 0 && edges.flow(edge) != FlowGraph.NO_FLOW ? 1 : 0;
        }
        graph.shared().forEach(this::sharing);
        this.count = (int) Math.min(
                Integer.MAX_VALUE,
                flowEdges + sharing.stream().mapToLong(Sharing::pairs).sum());
    }

    private long capacity(int edge) {
        if (edges.flow(edge) == FlowGraph.NO_FLOW) {
            int risk = edges.risk(edge);
            return risk < 0
                    ? MaxFlow.UNBOUNDED
                    : CovertCapacity.bits(graph.risksInForce().get(risk));
        }
        return edges.edgeClass(edge) == EdgeClass.INDUCED_BUDGETED
                ? CovertCapacity.bits(graph.policy().flow(edges.flow(edge)).backChannel())
                : MaxFlow.UNBOUNDED;
    }

    private void sharing(SharedResources resource) {
        for (int one = 0; one < resource.groups(); one++) {
            for (int two = 0; two < resource.groups(); two++) {
                Optional<ResidualRisk> risk = resource.groupRisk(one, two);
                if (risk.isPresent() && resource.shares(one, two)) {
                    long bits = CovertCapacity.bits(risk.get());
                    sharing.add(new Sharing(resource.members(one), resource.members(two), bits));
                }
            }
        }
    }

    /** Returns whether the accepted sharing is little enough for exact flows. */
    boolean fewSharing() {
        return sharing.stream().mapToLong(Sharing::pairs).sum() <= MOST_SHARED;
    }

    /** Returns how many edges an exact flow is over. */
    int edges() {
        return count;
    }

    /** Returns whether an edge counts and has no bound. */
    boolean isUnbounded(int edge) {
        return capacity[edge] == MaxFlow.UNBOUNDED;
    }

    private boolean bounded(int edge) {
        return capacity[edge] > 0 && capacity[edge] < MaxFlow.UNBOUNDED;
    }

    /** Returns for each endpoint the sum of the bounded edges that leave it. */
    long[] leaving() {
        return sums(true);
    }

    /** Returns for each endpoint the sum of the bounded edges that enter it. */
    long[] entering() {
        return sums(false);
    }

    private long[] sums(boolean leaving) {
        long[] sums = new long[graph.endpoints()];
        for (int edge = 0; edge < edges.count(); edge++) {
            if (edges.flow(edge) != FlowGraph.NO_FLOW && bounded(edge)) {
                sums[leaving ? edges.from(edge) : edges.to(edge)] += capacity[edge];
            }
        }
        for (Sharing shared : sharing) {
            if (shared.bits() < MaxFlow.UNBOUNDED) {
                long bits = shared.bits() * (leaving ? shared.to() : shared.from()).size();
                (leaving ? shared.from() : shared.to()).forEach(domain -> sums[domain.index()] += bits);
            }
        }
        return sums;
    }

    /** Returns the maximum flow between two endpoints; {@link MaxFlow#UNBOUNDED} if it has no bound. */
    long maxFlow(int from, int to) {
        Condensed network = condensed();
        int source = network.components.of(from);
        int sink = network.components.of(to);
        if (source == sink) {
            return MaxFlow.UNBOUNDED;
        }
        return known.computeIfAbsent((long) source << 32 | sink, _ -> network.maxFlow(source, sink));
    }

    private Condensed condensed() {
        Condensed made = condensed;
        if (made == null) {
            made = new Condensed(new Components(edges, this::isUnbounded, new BitSet()));
            for (int edge = 0; edge < edges.count(); edge++) {
                if (capacity[edge] > 0 && edges.flow(edge) != FlowGraph.NO_FLOW) {
                    made.add(edges.from(edge), edges.to(edge), capacity[edge]);
                }
            }
            for (Sharing shared : sharing) {
                connect(made, shared);
            }
            condensed = made.close();
        }
        return made;
    }

    private static void connect(Condensed network, Sharing shared) {
        for (Domain one : shared.from()) {
            for (Domain two : shared.to()) {
                if (one != two) {
                    network.add(one.index(), two.index(), shared.bits());
                }
            }
        }
    }

    /** The network with nodes made one that edges without bound connect both ways; parallel edges are summed. */
    private static final class Condensed {
        private final Components components;
        private final Map<Long, Long> capacities = new LinkedHashMap<>();
        private final MaxFlow network;

        Condensed(Components components) {
            this.components = components;
            this.network = new MaxFlow(components.count());
        }

        void add(int from, int to, long bits) {
            int one = components.of(from);
            int two = components.of(to);
            if (one != two) {
                capacities.merge((long) one << 32 | two, bits, (old, more) -> Math.min(old + more, MaxFlow.UNBOUNDED));
            }
        }

        Condensed close() {
            capacities.forEach((ends, bits) -> network.add((int) (ends >>> 32), ends.intValue(), bits));
            capacities.clear();
            network.freeze();
            return this;
        }

        long maxFlow(int source, int sink) {
            network.reset();
            return Math.min(network.run(source, sink, MaxFlow.UNBOUNDED), MaxFlow.UNBOUNDED);
        }
    }

    private static BitSet single(int bit) {
        BitSet bits = new BitSet();
        bits.set(bit);
        return bits;
    }

    /** Returns a path whose narrowest edge is as wide as that of any, and of these a shortest. There must be a path. */
    FlowPath widest(Endpoint from, Endpoint to) {
        long[] widths =
                Arrays.stream(capacity).filter(c -> c > 0).sorted().distinct().toArray();
        BitSet start = single(from.index());
        BitSet none = new BitSet();
        int low = 0;
        int high = widths.length - 1;
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            long width = widths[middle];
            if (Reach.forward(graph, edge -> capacity[edge] >= width, start, none)
                    .get(to.index())) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        long width = widths[low];
        return new PathSearch(graph, edge -> capacity[edge] >= width)
                .shortest(start, single(to.index()), none)
                .orElseThrow();
    }
}
