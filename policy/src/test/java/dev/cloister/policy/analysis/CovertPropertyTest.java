package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.MaxFlow;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The covert budget against the least capacity of all node subsets that part a pair. */
class CovertPropertyTest {
    private static final int CASES = 500;

    @Test
    void whatLeaksIsTheLeastCutAndBoundsAreSound() {
        int leaking = 0;
        int bounded = 0;
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            List<FlowEdge> edges = new BruteForce(policy).edges(NoninterferenceAnalysis.RESIDUAL);
            AnalysisContext context = new AnalysisContext(policy, Optional.empty());
            CovertCapacity exact = new CovertCapacity(context);
            CovertCapacity bounds = new CovertCapacity(context, -1);
            long pairs = 0;
            long unbounded = 0;
            long worst = 0;
            for (Endpoint from : policy.endpoints()) {
                for (Endpoint to : policy.endpoints()) {
                    long least = to.label().dominates(from.label())
                            ? 0
                            : leastCut(
                                    edges,
                                    from.index(),
                                    to.index(),
                                    policy.endpoints().size());
                    Optional<CovertPair> pair = exact.pair(from, to);
                    String as = "seed " + seed + " " + from.name() + " " + to.name();
                    assertThat(pair.isPresent()).as(as).isEqualTo(least > 0);
                    if (pair.isPresent()) {
                        pairs++;
                        unbounded += least >= MaxFlow.UNBOUNDED ? 1 : 0;
                        assertThat(pair.get().unbounded()).as(as).isEqualTo(least >= MaxFlow.UNBOUNDED);
                        if (least < MaxFlow.UNBOUNDED) {
                            bounded++;
                            worst = Math.max(worst, least);
                            assertThat(pair.get().bitsPerSecond()).as(as).isEqualTo(least);
                            assertThat(bounds.bound(from.index(), to.index()))
                                    .as(as)
                                    .isGreaterThanOrEqualTo(least);
                            assertThat(narrowest(pair.get().path()))
                                    .as(as)
                                    .isLessThanOrEqualTo(least)
                                    .isPositive();
                        }
                    }
                }
            }
            leaking += (int) pairs;
            assertThat(exact.pairs()).as("seed %d", seed).isEqualTo(pairs).isEqualTo(bounds.pairs());
            assertThat(exact.unboundedPairs()).as("seed %d", seed).isEqualTo(unbounded);
            assertThat(exact.worst(1000)).as("seed %d", seed).hasSize((int) pairs);
            long expected = worst;
            exact.above(worst - 1, 1)
                    .forEach(pair -> assertThat(pair.bitsPerSecond()).isEqualTo(expected));
            assertThat(exact.countAbove(worst)).isZero();
            for (long limit = 0; limit <= worst; limit++) {
                assertThat(bounds.countAbove(limit))
                        .as("seed %d limit %d", seed, limit)
                        .isGreaterThanOrEqualTo(exact.countAbove(limit));
            }
        }
        assertThat(leaking).isGreaterThan(CASES);
        assertThat(bounded).isGreaterThan(CASES / 2);
    }

    private static long narrowest(FlowPath path) {
        return path.edges().stream()
                .mapToLong(CovertPropertyTest::capacity)
                .min()
                .orElseThrow();
    }

    private static long capacity(FlowEdge edge) {
        return switch (edge.edgeClass()) {
            case INDUCED_BUDGETED ->
                edge.flow().orElseThrow().backChannel().orElseThrow().bitsPerSecond();
            case SHARED_ACCEPTED -> {
                long bits = edge.risk().orElseThrow().bitsPerSecond();
                yield bits > 0 ? bits : MaxFlow.UNBOUNDED;
            }
            case DECLARED, INDUCED_LEGAL, INDUCED_UNBUDGETED, SHARED_UNDECLARED -> MaxFlow.UNBOUNDED;
        };
    }

    private static long leastCut(List<FlowEdge> edges, int from, int to, int nodes) {
        long least = Long.MAX_VALUE;
        for (int side = 0; side < 1 << nodes; side++) {
            if ((side >>> from & 1) == 0 || (side >>> to & 1) != 0) {
                continue;
            }
            long sum = 0;
            for (FlowEdge edge : edges) {
                boolean crosses = (side >>> edge.from().index() & 1) != 0
                        && (side >>> edge.to().index() & 1) == 0;
                sum = Math.min(MaxFlow.UNBOUNDED, sum + (crosses ? capacity(edge) : 0));
            }
            least = Math.min(least, sum);
        }
        return least;
    }

    @Test
    void budgetsAddUpAndTheLimitIsKept() {
        PolicyBuilder builder = new PolicyBuilder("low", "high");
        Domain low = builder.domain("low", builder.label(0));
        Domain high = builder.domain("high", builder.label(1));
        builder.flow("s", low, high, FlowKind.STREAM, 8);
        builder.flow("t", low, high, FlowKind.DATAGRAM, 1);
        builder.covertLimit(8);
        PolicyCheck.Report report = PolicyCheck.check(builder.build());
        assertThat(report.findings())
                .anyMatch(f -> f.id() == FindingId.COVERT_BUDGET && f.message().contains("9 bits/s"))
                .anyMatch(f -> f.id() == FindingId.COVERT_LIMIT && f.isError());
        builder.covertLimit(9);
        assertThat(PolicyCheck.check(builder.build()).findings()).noneMatch(f -> f.id() == FindingId.COVERT_LIMIT);
    }
}
