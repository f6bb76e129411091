package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The graph and questions about it, written literally and slowly: what the analyses are compared with. */
final class BruteForce {
    private final Policy policy;
    private final List<FlowEdge> edges = new ArrayList<>();

    BruteForce(Policy policy) {
        this.policy = policy;
        for (Flow flow : policy.flows()) {
            if (legal(flow.from(), flow.to())) {
                edges.add(edge(flow.from(), flow.to(), EdgeClass.DECLARED, flow));
                if (flow.kind().inducesReverseEdge()) {
                    EdgeClass induced = flow.backChannel().isPresent()
                            ? EdgeClass.INDUCED_BUDGETED
                            : legal(flow.to(), flow.from()) ? EdgeClass.INDUCED_LEGAL : EdgeClass.INDUCED_UNBUDGETED;
                    edges.add(edge(flow.to(), flow.from(), induced, flow));
                }
            }
        }
        for (Domain one : policy.domains()) {
            for (Domain two : policy.domains()) {
                if (one != two) {
                    share(one, two, ResidualRisk.Share.CACHE);
                    share(one, two, ResidualRisk.Share.MEMORY_BUS);
                    if (sameCore(one, two)) {
                        share(one, two, ResidualRisk.Share.CORE);
                    }
                }
            }
        }
    }

    private static boolean sameCore(Domain one, Domain two) {
        List<Integer> a = one.cpus().pin();
        List<Integer> b = two.cpus().pin();
        if (!a.isEmpty() && !b.isEmpty()) {
            return a.stream().anyMatch(b::contains);
        }
        return !one.cpus().exclusive() && !two.cpus().exclusive();
    }

    private void share(Domain one, Domain two, ResidualRisk.Share share) {
        Optional<ResidualRisk> risk = policy.residualRisks().stream()
                .filter(r -> r.shares().contains(share))
                .filter(r -> r.one().contains(one) && r.two().contains(two)
                        || r.one().contains(two) && r.two().contains(one))
                .findFirst();
        EdgeClass edgeClass = risk.isPresent() ? EdgeClass.SHARED_ACCEPTED : EdgeClass.SHARED_UNDECLARED;
        edges.add(new FlowEdge(one, two, edgeClass, false, Optional.empty(), Optional.of(share), risk));
    }

    private FlowEdge edge(Endpoint from, Endpoint to, EdgeClass edgeClass, Flow flow) {
        boolean mediated = !to.label().dominates(from.label()) && legal(from, to);
        return new FlowEdge(from, to, edgeClass, mediated, Optional.of(flow), Optional.empty(), Optional.empty());
    }

    /** The label gate in the words of the reference. */
    private boolean legal(Endpoint from, Endpoint to) {
        Label sender = from.label();
        Label receiver = to.label();
        if (receiver.dominates(sender)) {
            return true;
        }
        boolean fromGuard = policy.isGuard(from.index());
        boolean toGuard = policy.isGuard(to.index());
        return toGuard && !fromGuard && policy.guard(to.index()).from().dominates(sender)
                || fromGuard
                        && !toGuard
                        && receiver.dominates(policy.guard(from.index()).to());
    }

    List<FlowEdge> edges() {
        return edges;
    }

    List<FlowEdge> edges(EdgeSet which) {
        return edges.stream()
                .filter(edge -> which.classes().contains(edge.edgeClass()) && (which.mediated() || !edge.mediated()))
                .toList();
    }

    /** Returns every simple path between two endpoints as lists of edges. */
    static List<List<FlowEdge>> simplePaths(List<FlowEdge> edges, Endpoint from, Endpoint to) {
        List<List<FlowEdge>> found = new ArrayList<>();
        walk(edges, from, to, new ArrayList<>(), new LinkedHashSet<>(Set.of(from)), found);
        return found;
    }

    private static void walk(
            List<FlowEdge> edges,
            Endpoint at,
            Endpoint to,
            List<FlowEdge> path,
            Set<Endpoint> seen,
            List<List<FlowEdge>> found) {
        for (FlowEdge edge : edges) {
            if (edge.from() == at && edge.to() == to) {
                List<FlowEdge> whole = new ArrayList<>(path);
                whole.add(edge);
                found.add(whole);
            } else if (edge.from() == at && seen.add(edge.to())) {
                path.add(edge);
                walk(edges, edge.to(), to, path, seen, found);
                path.removeLast();
                seen.remove(edge.to());
            }
        }
    }

    /** Returns the distance in edges, or -1, by relaxing until nothing changes. */
    static int distance(List<FlowEdge> edges, Endpoint from, Endpoint to, int nodes) {
        int[] distance = new int[nodes];
        java.util.Arrays.fill(distance, Integer.MAX_VALUE / 2);
        distance[from.index()] = 0;
        for (int round = 0; round < nodes; round++) {
            for (FlowEdge edge : edges) {
                int over = distance[edge.from().index()] + 1;
                distance[edge.to().index()] = Math.min(distance[edge.to().index()], over);
            }
        }
        return distance[to.index()] < nodes ? distance[to.index()] : -1;
    }
}
