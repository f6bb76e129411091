package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.DomainVerdict.Verdict;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.SharedResources;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.Problem.Severity;
import dev.cloister.policy.model.ResidualRisk.Share;
import dev.cloister.policy.model.Schedule;
import java.time.LocalDate;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NoninterferenceTest {
    private static final int CASES = 400;
    private static final LocalDate DAY = LocalDate.of(2026, 6, 1);

    private final PolicyBuilder builder = new PolicyBuilder("low", "high");
    private final Domain low = builder.domain("low", builder.label(0), new Cpus(1, List.of(0), false));
    private final Domain high = builder.domain("high", builder.label(1), new Cpus(1, List.of(1), false));

    private List<Problem> found(FindingId id, Optional<LocalDate> today) {
        return PolicyCheck.check(builder.build(), today).findings().stream()
                .filter(problem -> problem.id() == id)
                .toList();
    }

    private List<Problem> found(FindingId id) {
        return found(id, Optional.empty());
    }

    @Test
    void verdictsAgreeWithBruteForce() {
        int[] seen = new int[3];
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            BruteForce reference = new BruteForce(policy);
            List<DomainVerdict> verdicts = DomainVerdicts.of(policy);
            for (Domain domain : policy.domains()) {
                Verdict expected = against(policy, reference.edges(EdgeSet.DEFINITE.unmediated()), domain)
                        ? Verdict.UNSAFE
                        : against(policy, reference.edges(EdgeSet.ALL.unmediated()), domain)
                                ? Verdict.AMBIGUOUS
                                : Verdict.SAFE;
                assertThat(verdicts.get(domain.index()).verdict())
                        .as("seed %d %s", seed, domain.name())
                        .isEqualTo(expected);
                seen[expected.ordinal()]++;
            }
            boolean illegal = reference.edges(EdgeSet.DEFINITE.unmediated()).stream()
                    .anyMatch(edge -> !edge.to().label().dominates(edge.from().label()));
            boolean reported = PolicyCheck.check(policy).findings().stream()
                    .anyMatch(problem -> problem.id() == FindingId.INTERFERENCE && problem.isError());
            assertThat(reported).as("seed %d", seed).isEqualTo(illegal);
        }
        assertThat(seen[1]).isPositive();
        assertThat(seen[2]).isPositive();
    }

    @Test
    void domainsOfOneLabelAreSafe() {
        PolicyBuilder alike = new PolicyBuilder("low");
        alike.flow("s", alike.domain("a", alike.label(0)), alike.domain("b", alike.label(0)), FlowKind.STREAM, 0);
        assertThat(DomainVerdicts.of(alike.build())).allMatch(verdict -> verdict.verdict() == Verdict.SAFE);
    }

    private static boolean against(Policy policy, List<FlowEdge> edges, Endpoint one) {
        int nodes = policy.endpoints().size();
        return policy.endpoints().stream()
                .filter(other -> other != one)
                .anyMatch(other -> !other.label().dominates(one.label())
                                && BruteForce.distance(edges, one, other, nodes) > 0
                        || !one.label().dominates(other.label()) && BruteForce.distance(edges, other, one, nodes) > 0);
    }

    @Test
    void undeclaredSharingIsCountedAsByBruteForce() {
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            FlowGraph graph = FlowGraph.of(policy);
            for (SharedResources resource : graph.shared()) {
                long expected = new BruteForce(policy)
                        .edges().stream()
                                .filter(edge -> edge.share()
                                        .filter(s -> s == resource.share())
                                        .isPresent())
                                .filter(edge -> edge.edgeClass() == EdgeClass.SHARED_UNDECLARED)
                                .filter(edge -> edge.from().index() < edge.to().index())
                                .filter(edge ->
                                        !edge.from().label().equals(edge.to().label()))
                                .count();
                SharingPairs pairs = new SharingPairs(graph, resource);
                assertThat(pairs.undeclared())
                        .as("seed %d %s", seed, resource.share())
                        .isEqualTo(expected);
                assertThat(pairs.firstUndeclared().isPresent())
                        .as("seed %d", seed)
                        .isEqualTo(expected > 0);
            }
        }
    }

    @Test
    void sharingIsOneWarningPerResourceAndAnErrorUnderASchedule() {
        assertThat(found(FindingId.SHARING_UNDECLARED))
                .hasSize(2)
                .allMatch(problem -> problem.severity() == Severity.WARNING)
                .noneMatch(problem -> problem.message().contains("core"));
        builder.schedule(List.of(new Schedule.MajorFrame(
                "m",
                List.of(new Schedule.CpuPlan(
                        0,
                        List.of(
                                new Schedule.MinorFrame(Optional.of(low), 10, builder.here()),
                                new Schedule.MinorFrame(Optional.of(high), 10, builder.here())),
                        builder.here())),
                builder.here())));
        // One after the other on one CPU: a core and caches, but never the path to memory.
        assertThat(found(FindingId.SHARING_UNDECLARED))
                .hasSize(2)
                .allMatch(problem -> problem.severity() == Severity.ERROR)
                .noneMatch(problem -> problem.message().contains("memory"));
    }

    @Test
    void readersOfOneDiskShareIt() {
        HostEndpoint disk = builder.disk("data", builder.label(0));
        builder.flow("r1", disk, low, FlowKind.DISK, 0);
        assertThat(found(FindingId.SHARING_UNDECLARED)).hasSize(2);
        builder.flow("r2", disk, high, FlowKind.DISK, 1);
        assertThat(found(FindingId.SHARING_UNDECLARED))
                .hasSize(3)
                .anyMatch(problem -> problem.message().contains("share a disk"));
    }

    @Test
    void acceptedSharingIsANoteUntilItsDayIsOver() {
        builder.risk(List.of(low), List.of(high), EnumSet.of(Share.CACHE, Share.MEMORY_BUS), 3, Optional.of(DAY));
        assertThat(found(FindingId.SHARING_UNDECLARED, Optional.of(DAY))).isEmpty();
        assertThat(found(FindingId.RESIDUAL_PATH, Optional.of(DAY))).hasSize(2);
        assertThat(found(FindingId.RESIDUAL_EXPIRED, Optional.of(DAY))).isEmpty();
        assertThat(found(FindingId.SHARING_UNDECLARED, Optional.of(DAY.plusDays(1))))
                .hasSize(2);
        assertThat(found(FindingId.RESIDUAL_EXPIRED, Optional.of(DAY.plusDays(1))))
                .hasSize(1);
    }

    @Test
    void aRiskThatNobodyTakesIsUnused() {
        builder.risk(List.of(low), List.of(high), EnumSet.of(Share.CORE), 0, Optional.empty());
        assertThat(found(FindingId.RESIDUAL_UNUSED)).hasSize(1);
    }

    @Test
    void aGuardMakesNoInterference() {
        Domain guard = builder.domain("guard", builder.label(0));
        builder.guard(guard, builder.label(1), builder.label(0));
        builder.flow("in", high, guard, FlowKind.MEMORY, 0);
        builder.flow("out", guard, low, FlowKind.MEMORY, 0);
        assertThat(found(FindingId.INTERFERENCE)).isEmpty();
        assertThat(DomainVerdicts.of(builder.build())).noneMatch(verdict -> verdict.verdict() == Verdict.UNSAFE);
    }

    @Test
    void anUnbudgetedReverseEdgeIsFollowed() {
        Domain source = builder.domain("source", builder.label(1));
        Domain sink = builder.domain("sink", builder.label(0));
        builder.flow("feed", source, high, FlowKind.MEMORY, 0);
        builder.flow("leak", low, high, FlowKind.STREAM, 0);
        builder.flow("tail", low, sink, FlowKind.MEMORY, 0);
        List<Problem> found = found(FindingId.INTERFERENCE);
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().message()).contains("high ~[leak]~> low").contains("connects 4 pairs");
        assertThat(found.getFirst().suggestion()).startsWith("remove the reverse edge of flow \"leak\"");
    }
}
