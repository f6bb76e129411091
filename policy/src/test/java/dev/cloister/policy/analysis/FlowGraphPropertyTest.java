package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.SharedGroup;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk.Share;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The graph, its closure and its paths against brute force. */
class FlowGraphPropertyTest {
    private static final int CASES = 400;
    private static final List<EdgeSet> SETS = List.of(
            EdgeSet.DECLARED,
            EdgeSet.DEFINITE,
            EdgeSet.STRICT,
            EdgeSet.ALL,
            EdgeSet.DEFINITE.unmediated(),
            EdgeSet.STRICT.unmediated());

    @Test
    void edgesAreThoseOfTheReference() {
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            FlowGraph graph = FlowGraph.of(policy);
            BruteForce reference = new BruteForce(policy);
            assertThat(graph.flowEdges())
                    .as("seed %d", seed)
                    .containsExactlyInAnyOrderElementsOf(reference.edges().stream()
                            .filter(edge -> edge.flow().isPresent())
                            .toList());
            assertThat(shared(graph))
                    .as("seed %d", seed)
                    .isEqualTo(reference.edges().stream()
                            .filter(edge -> edge.share().isPresent())
                            .map(edge -> name(
                                    edge.from(),
                                    edge.to(),
                                    edge.share().orElseThrow(),
                                    edge.risk().isPresent()))
                            .collect(Collectors.toSet()));
        }
    }

    private static Set<String> shared(FlowGraph graph) {
        Set<String> names = new HashSet<>();
        for (SharedGroup group : graph.sharedGroups()) {
            for (Domain one : group.one()) {
                for (Domain two : group.two()) {
                    if (one != two) {
                        names.add(name(one, two, group.share(), group.accepted()));
                        names.add(name(two, one, group.share(), group.accepted()));
                    }
                }
            }
        }
        return names;
    }

    private static String name(Endpoint one, Endpoint two, Share share, boolean accepted) {
        return one.name() + two.name() + share + accepted;
    }

    @Test
    void closureIsReachabilityAndPathsAreShortest() {
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            FlowGraph graph = FlowGraph.of(policy);
            BruteForce reference = new BruteForce(policy);
            for (EdgeSet set : SETS) {
                Closure closure = graph.closure(set);
                List<FlowEdge> edges = reference.edges(set);
                for (Endpoint from : policy.endpoints()) {
                    for (Endpoint to : policy.endpoints()) {
                        if (from != to) {
                            pair(graph, closure, set, edges, from, to, "seed " + seed + " " + set);
                        }
                    }
                }
            }
        }
    }

    private static void pair(
            FlowGraph graph,
            Closure closure,
            EdgeSet set,
            List<FlowEdge> edges,
            Endpoint from,
            Endpoint to,
            String as) {
        int distance = BruteForce.distance(edges, from, to, graph.endpoints());
        assertThat(closure.reaches(from, to))
                .as("%s %s %s", as, from.name(), to.name())
                .isEqualTo(distance > 0);
        int length = graph.shortestPath(set, from, to)
                .map(path -> {
                    assertPath(path, edges, as);
                    assertThat(path.from()).isSameAs(from);
                    assertThat(path.to()).isSameAs(to);
                    return path.edges().size();
                })
                .orElse(-1);
        assertThat(length).as("%s %s %s", as, from.name(), to.name()).isEqualTo(distance);
    }

    private static void assertPath(FlowPath path, List<FlowEdge> edges, String as) {
        assertThat(edges).as(as).containsAll(path.edges());
        for (int i = 1; i < path.edges().size(); i++) {
            assertThat(path.edges().get(i).from())
                    .isSameAs(path.edges().get(i - 1).to());
        }
    }

    @Test
    void pathsBetweenSetsAreShortestAndEndElsewhere() {
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Policy policy = RandomGraphs.next(random);
            FlowGraph graph = FlowGraph.of(policy);
            EdgeSet set = SETS.get(random.nextInt(SETS.size()));
            List<Endpoint> from = RandomGraphs.some(random, policy.endpoints());
            List<Endpoint> to = RandomGraphs.some(random, policy.endpoints());
            List<Endpoint> avoid = random.nextBoolean() ? List.of() : RandomGraphs.some(random, policy.endpoints());
            List<FlowEdge> edges = new BruteForce(policy)
                    .edges(set).stream()
                            .filter(edge -> !avoid.contains(edge.from()) && !avoid.contains(edge.to()))
                            .toList();
            int best = -1;
            for (Endpoint start : from) {
                for (Endpoint end : to) {
                    int distance = start == end ? -1 : BruteForce.distance(edges, start, end, graph.endpoints());
                    best = best < 0 || distance > 0 && distance < best ? distance : best;
                }
            }
            int length = graph.shortestPath(set, from, to, avoid)
                    .map(path -> {
                        assertPath(path, edges, "path");
                        assertThat(path.from()).isNotSameAs(path.to()).isIn(from);
                        assertThat(path.to()).isIn(to);
                        return path.edges().size();
                    })
                    .orElse(-1);
            assertThat(length).as("seed %d %s", seed, set).isEqualTo(best);
        }
    }
}
