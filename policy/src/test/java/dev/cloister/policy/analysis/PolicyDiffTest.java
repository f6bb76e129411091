package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PolicyDiffTest {
    private static final int CASES = 300;
    private static final UUID A = new UUID(7, 1);
    private static final UUID B = new UUID(7, 2);
    private static final UUID C = new UUID(7, 3);

    @Test
    void aPolicyIsTheSameAsItself() {
        for (long seed = 0; seed < CASES; seed++) {
            Policy policy = RandomGraphs.next(new Random(seed));
            assertThat(PolicyDiff.of(policy, RandomGraphs.next(new Random(seed)), 10)
                            .same())
                    .as("seed %d", seed)
                    .isTrue();
        }
    }

    @Test
    void pairsAreCountedAsByBruteForce() {
        for (long seed = 0; seed < CASES; seed++) {
            Policy before = RandomGraphs.next(new Random(seed));
            Policy after = RandomGraphs.next(new Random(seed + CASES));
            Set<List<Object>> gained = pairs(after);
            gained.removeAll(pairs(before));
            Set<List<Object>> lost = pairs(before);
            lost.removeAll(pairs(after));
            PolicyDiff diff = PolicyDiff.of(before, after, 1000);
            assertThat(diff.gainedPairs()).as("seed %d", seed).isEqualTo(gained.size());
            assertThat(diff.lostPairs()).as("seed %d", seed).isEqualTo(lost.size());
            assertThat(diff.gained()).hasSameSizeAs(gained);
            assertThat(diff.lost()).hasSameSizeAs(lost);
        }
    }

    private static Set<List<Object>> pairs(Policy policy) {
        List<FlowEdge> edges = new BruteForce(policy).edges(EdgeSet.DEFINITE);
        Set<List<Object>> pairs = new HashSet<>();
        for (Domain from : policy.domains()) {
            for (Domain to : policy.domains()) {
                if (from != to
                        && BruteForce.distance(
                                        edges, from, to, policy.endpoints().size())
                                > 0) {
                    pairs.add(List.of(from.id(), to.id()));
                }
            }
        }
        return pairs;
    }

    private static PolicyBuilder three(String a, int levelOfB, boolean reversed) {
        PolicyBuilder builder = new PolicyBuilder("low", "high");
        Domain[] list = new Domain[3];
        for (int i = 0; i < 3; i++) {
            int which = reversed ? 2 - i : i;
            list[which] = builder.domain(
                    List.of(A, B, C).get(which),
                    List.of(a, "b", "c").get(which),
                    builder.label(which == 1 ? levelOfB : 0),
                    Cpus.of(1));
        }
        builder.flow("ab", list[0], list[1], FlowKind.MEMORY, 0);
        builder.flow("bc", list[1], list[2], FlowKind.MEMORY, 0);
        return builder;
    }

    @Test
    void orderIsNoDifferenceAndANewNameIsANewNameOnly() {
        Policy before = three("a", 0, false).build();
        assertThat(PolicyDiff.of(before, three("a", 0, true).build(), 10).same())
                .isTrue();
        PolicyDiff renamed = PolicyDiff.of(before, three("z", 0, true).build(), 10);
        assertThat(renamed.changes()).extracting(PolicyDiff.Change::text).containsExactly("a -> z");
        assertThat(renamed.gainedPairs() + renamed.lostPairs()).isZero();
    }

    @Test
    void aLabelChangesGatesAndPaths() {
        PolicyDiff diff =
                PolicyDiff.of(three("a", 0, false).build(), three("a", 1, false).build(), 10);
        assertThat(diff.changes())
                .extracting(PolicyDiff.Change::what)
                .containsExactly("domain \"b\" label", "flow \"bc\" gate labels");
        assertThat(diff.changes().getLast().text()).isEqualTo("allowed by labels -> refused");
        assertThat(diff.lost().stream().map(path -> path.to().name()).toList()).containsExactly("c", "c");
        assertThat(diff.gained()).isEmpty();
    }

    @Test
    void addedAndRemovedFlowsAreNamed() {
        PolicyBuilder more = three("a", 0, false);
        List<Endpoint> ends = more.build().endpoints();
        more.flow("ca", ends.get(2), ends.get(0), FlowKind.EVENT, 0);
        PolicyDiff diff = PolicyDiff.of(three("a", 0, false).build(), more.build(), 1);
        assertThat(diff.changes()).extracting(PolicyDiff.Change::text).containsExactly("added, c -> a (event)");
        assertThat(diff.gainedPairs()).isEqualTo(3);
        assertThat(diff.gained()).hasSize(1);
        assertThat(PolicyDiff.of(more.build(), three("a", 0, false).build(), 5).lostPairs())
                .isEqualTo(3);
    }
}
