package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.Cut;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Assertion.Claim;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Assertions and smallest cuts against enumeration of all simple paths and of all subsets of flows. */
class AssertionsPropertyTest {
    private static final int CASES = 600;

    private record Case(Claim claim, List<Endpoint> from, List<Endpoint> to, List<Endpoint> via, boolean strict) {}

    @Test
    void assertionsHoldWhereEverySimplePathSaysSo() {
        int[] violated = new int[Claim.values().length];
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            PolicyBuilder builder = RandomGraphs.builder(random, 3 + random.nextInt(4), 2 + random.nextInt(8));
            List<Endpoint> all = builder.build().endpoints();
            Claim claim = Claim.values()[random.nextInt(3)];
            List<Endpoint> via = claim == Claim.UNLESS_VIA ? RandomGraphs.some(random, all) : List.of();
            Case asked = new Case(
                    claim, RandomGraphs.some(random, all), RandomGraphs.some(random, all), via, random.nextBoolean());
            builder.claim(asked.claim(), asked.from(), asked.to(), asked.via(), asked.strict());
            Policy policy = builder.build();
            boolean found = PolicyCheck.check(policy).analyses().stream()
                    .filter(result -> result.id().equals("assertions"))
                    .anyMatch(result -> !result.passed());
            assertThat(found).as("seed %d %s", seed, asked).isEqualTo(violated(policy, asked));
            violated[claim.ordinal()] += found ? 1 : 0;
        }
        assertThat(java.util.Arrays.stream(violated).min().orElseThrow()).isGreaterThan(CASES / 20);
    }

    private static boolean violated(Policy policy, Case asked) {
        BruteForce reference = new BruteForce(policy);
        EdgeSet set =
                asked.claim() == Claim.MUST ? EdgeSet.DECLARED : asked.strict() ? EdgeSet.STRICT : EdgeSet.DEFINITE;
        for (Endpoint from : asked.from()) {
            for (Endpoint to : asked.to()) {
                boolean path = from != to
                        && BruteForce.simplePaths(reference.edges(set), from, to).stream()
                                .anyMatch(edges -> passes(edges, asked.via()).isEmpty());
                boolean wrong = asked.claim() == Claim.MUST ? from != to && !path : path;
                if (wrong) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Set<Endpoint> passes(List<FlowEdge> edges, List<Endpoint> via) {
        Set<Endpoint> nodes = new HashSet<>(new FlowPath(edges).nodes());
        nodes.retainAll(via);
        return nodes;
    }

    @Test
    void cutsAreSmallestAndSingleOnesComplete() {
        int[] sizes = new int[5];
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Policy policy = RandomGraphs.builder(random, 3 + random.nextInt(4), 2 + random.nextInt(9))
                    .build();
            List<Endpoint> from = RandomGraphs.some(random, policy.endpoints());
            List<Endpoint> to = new ArrayList<>(RandomGraphs.some(random, policy.endpoints()));
            to.removeAll(from);
            EdgeSet set = random.nextBoolean() ? EdgeSet.DEFINITE : EdgeSet.DECLARED;
            Cut cut = FlowGraph.of(policy).smallestCut(set, from, to, List.of());
            List<Set<Flow>> smallest = smallest(policy, new BruteForce(policy).edges(set), from, to);
            int size = smallest.getFirst().size();
            Set<Flow> flows =
                    cut.edges().stream().map(edge -> edge.flow().orElseThrow()).collect(Collectors.toSet());
            if (size == 1) {
                assertThat(cut.anyOne()).isTrue();
                assertThat(flows)
                        .as("seed %d", seed)
                        .isEqualTo(smallest.stream().flatMap(Set::stream).collect(Collectors.toSet()));
            } else {
                assertThat(smallest).as("seed %d: %s", seed, cut).contains(flows);
            }
            sizes[Math.min(size, 4)]++;
        }
        assertThat(sizes[0]).isPositive();
        assertThat(sizes[1]).isPositive();
        assertThat(sizes[2]).isPositive();
    }

    /** Returns every smallest set of flows whose removal leaves no path; the empty set alone where there is none. */
    private static List<Set<Flow>> smallest(
            Policy policy, List<FlowEdge> edges, List<Endpoint> from, List<Endpoint> to) {
        List<Set<Flow>> best = new ArrayList<>();
        int flows = policy.flows().size();
        for (int subset = 0; subset < 1 << flows; subset++) {
            if (!best.isEmpty() && Integer.bitCount(subset) > best.getFirst().size()) {
                continue;
            }
            Set<Flow> removed = new HashSet<>();
            for (Flow flow : policy.flows()) {
                if ((subset >>> flow.index() & 1) != 0) {
                    removed.add(flow);
                }
            }
            if (parted(edges, removed, from, to, policy.endpoints().size())) {
                if (!best.isEmpty() && removed.size() < best.getFirst().size()) {
                    best.clear();
                }
                best.add(removed);
            }
        }
        return best;
    }

    private static boolean parted(
            List<FlowEdge> edges, Set<Flow> removed, List<Endpoint> from, List<Endpoint> to, int nodes) {
        List<FlowEdge> left = edges.stream()
                .filter(edge -> !removed.contains(edge.flow().orElseThrow()))
                .toList();
        return from.stream()
                .allMatch(start -> to.stream().allMatch(end -> BruteForce.distance(left, start, end, nodes) < 0));
    }

    @Test
    void violationsNameWitnessAndCut() {
        PolicyBuilder builder = new PolicyBuilder("low");
        Endpoint a = builder.domain("a", builder.label(0));
        Endpoint b = builder.domain("b", builder.label(0));
        Endpoint c = builder.domain("c", builder.label(0));
        builder.flow(a, b);
        builder.flow(b, c);
        builder.claim(Claim.NEVER, List.of(a), List.of(c), List.of(), false);
        Finding finding = PolicyCheck.check(builder.build()).details().stream()
                .filter(f -> f.problem().id() == FindingId.NEVER_VIOLATED)
                .findFirst()
                .orElseThrow();
        assertThat(finding.problem().message()).contains("a -[f0]-> b -[f1]-> c");
        assertThat(finding.problem().suggestion())
                .isEqualTo("remove one of flow \"f0\" (t.json:5:3), flow \"f1\" (t.json:6:3)");
        assertThat(finding.witness().orElseThrow().nodes()).containsExactly(a, b, c);
    }
}
