package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.time.LocalDate;
import java.util.BitSet;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The information-flow graph of a policy: its endpoints, and an edge for every way in which information may move from one to another.
 * Flows that a static gate refuses are not in it. Limits in time (windows, rates, conflicts) are not taken into account: the graph
 * is what may happen at some time.
 *
 * <p>Edges are kept in flat arrays (compressed rows). Shared resources go through hub nodes behind the endpoints: member → out hub →
 * in hub → member. Immutable; safe for any number of threads.
 */
public final class FlowGraph {
    /** What {@link #edgeFlow} returns for edges that come from no flow. */
    public static final int NO_FLOW = -1;

    private final Policy policy;
    private final int endpoints;
    private final List<SharedResources> shared;
    private final List<ResidualRisk> inForce;
    private final EdgeArrays edges;

    FlowGraph(Policy policy, List<ResidualRisk> inForce, List<SharedResources> shared, EdgeArrays edges) {
        this.policy = policy;
        this.endpoints = policy.endpoints().size();
        this.inForce = List.copyOf(inForce);
        this.shared = List.copyOf(shared);
        this.edges = edges;
    }

    /** Builds the graph; every residual risk is held to be in force, whatever its last day. */
    public static FlowGraph of(Policy policy) {
        return of(policy, Optional.empty());
    }

    /**
     * Builds the graph as of a day.
     *
     * @param policy the policy
     * @param today residual risks whose last day is before it are not in force; empty: all are
     */
    public static FlowGraph of(Policy policy, Optional<LocalDate> today) {
        return new FlowGraphBuilder(policy, today).build();
    }

    /** Returns the policy. */
    public Policy policy() {
        return policy;
    }

    /** Returns the residual risks that are in force. */
    public List<ResidualRisk> risksInForce() {
        return inForce;
    }

    /** Returns the edges that come from flows, declared ones and the reverse edges that they induce, by sender. */
    public List<FlowEdge> flowEdges() {
        return IntStream.range(0, edges.count())
                .filter(edge -> edges.flow(edge) != NO_FLOW)
                .mapToObj(this::edge)
                .toList();
    }

    /** Returns who shares what: for each sort of resource, pairs of groups of domains. */
    public List<SharedGroup> sharedGroups() {
        return shared.stream().flatMap(resource -> groups(resource).stream()).toList();
    }

    private static List<SharedGroup> groups(SharedResources resource) {
        return IntStream.range(0, resource.groups())
                .boxed()
                .flatMap(one -> IntStream.range(one, resource.groups())
                        .filter(two -> resource.shares(one, two))
                        .mapToObj(two -> new SharedGroup(
                                resource.share(),
                                resource.accepted(one, two),
                                resource.members(one),
                                resource.members(two))))
                .toList();
    }

    /** Returns what two domains share, and the risk in force that accepts it. Empty for other endpoints, and for one with itself. */
    public Map<ResidualRisk.Share, Optional<ResidualRisk>> shares(Endpoint one, Endpoint two) {
        Map<ResidualRisk.Share, Optional<ResidualRisk>> found = new EnumMap<>(ResidualRisk.Share.class);
        int domains = policy.domains().size();
        if (one.index() >= domains || two.index() >= domains || one.index() == two.index()) {
            return found;
        }
        for (SharedResources resource : shared) {
            int a = resource.groupOf(one.index());
            int b = resource.groupOf(two.index());
            if (a >= 0 && b >= 0 && resource.shares(a, b)) {
                found.put(resource.share(), resource.risk(one.index(), two.index()));
            }
        }
        return found;
    }

    /**
     * Finds a shortest path between two different endpoints.
     *
     * @param which the edges that count
     * @param from where it starts
     * @param to where it ends
     */
    public Optional<FlowPath> shortestPath(EdgeSet which, Endpoint from, Endpoint to) {
        return shortestPath(which, List.of(from), List.of(to), List.of());
    }

    /**
     * Finds a shortest path from any of some endpoints to a different one of others.
     *
     * @param which the edges that count
     * @param from where it may start
     * @param to where it may end
     * @param avoid endpoints that it may not touch, also not as its ends
     */
    public Optional<FlowPath> shortestPath(
            EdgeSet which,
            Collection<? extends Endpoint> from,
            Collection<? extends Endpoint> to,
            Collection<? extends Endpoint> avoid) {
        return new PathSearch(this, EdgeFilter.of(this, which)).shortest(bits(from), bits(to), bits(avoid));
    }

    /**
     * Finds paths without cycles from some endpoints to others, shortest first; each ends at the first end that it meets.
     *
     * @param which the edges that count
     * @param from where they may start
     * @param to where they may end
     * @param most how many to find at most
     */
    public List<FlowPath> paths(
            EdgeSet which, Collection<? extends Endpoint> from, Collection<? extends Endpoint> to, int most) {
        return new SimplePaths(this, EdgeFilter.of(this, which), bits(from), bits(to)).find(most);
    }

    /**
     * Finds the smallest set of edges of flows whose removal leaves no path from some endpoints to others.
     *
     * @param which the edges that count
     * @param from where paths start
     * @param to where they end; none of {@code from}
     * @param avoid endpoints that paths may not touch
     * @return the cut; not {@link Cut#found} if there is no path, or none of flows only, or none of at most 32 edges
     */
    public Cut smallestCut(
            EdgeSet which,
            Collection<? extends Endpoint> from,
            Collection<? extends Endpoint> to,
            Collection<? extends Endpoint> avoid) {
        return CutFinder.find(this, EdgeFilter.of(this, which), bits(from), bits(to), bits(avoid));
    }

    /** Computes what reaches what over the edges that count. */
    public Closure closure(EdgeSet which) {
        return Closure.of(this, EdgeFilter.of(this, which), new BitSet());
    }

    /** Computes what reaches what over the edges that count, on paths that touch none of some endpoints. */
    public Closure closure(EdgeSet which, Collection<? extends Endpoint> avoid) {
        return Closure.of(this, EdgeFilter.of(this, which), bits(avoid));
    }

    /** Returns the bits of endpoints' indexes. */
    public static BitSet bits(Collection<? extends Endpoint> endpoints) {
        BitSet bits = new BitSet();
        endpoints.forEach(endpoint -> bits.set(endpoint.index()));
        return bits;
    }

    /** How many nodes are endpoints of the policy; their numbers come first. */
    public int endpoints() {
        return endpoints;
    }

    /** Its edges, by number. */
    public EdgeArrays arrays() {
        return edges;
    }

    /** What domains share, by its kinds. */
    public List<SharedResources> shared() {
        return shared;
    }

    /** Returns an edge between endpoints, not one of a hub. */
    public FlowEdge edge(int edge) {
        Flow flow = policy.flow(edges.flow(edge));
        return new FlowEdge(
                policy.endpoint(edges.from(edge)),
                policy.endpoint(edges.to(edge)),
                edges.edgeClass(edge),
                edges.mediated(edge),
                Optional.of(flow),
                Optional.empty(),
                Optional.empty());
    }

    /** Returns the edge that a way from member to member through hubs stands for. */
    public FlowEdge sharedEdge(int from, int to, int hubEdge) {
        return sharedEdge(from, to, shared.get(edges.share(hubEdge)));
    }

    /** Returns the edge between two domains that share a resource. */
    public FlowEdge sharedEdge(int from, int to, SharedResources resource) {
        Optional<ResidualRisk> risk = resource.risk(from, to);
        return new FlowEdge(
                policy.endpoint(from),
                policy.endpoint(to),
                risk.isPresent() ? EdgeClass.SHARED_ACCEPTED : EdgeClass.SHARED_UNDECLARED,
                false,
                Optional.empty(),
                Optional.of(resource.share()),
                risk);
    }
}
