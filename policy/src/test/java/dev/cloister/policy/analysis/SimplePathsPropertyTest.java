package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Paths without cycles against all of them. */
class SimplePathsPropertyTest {
    private static final int CASES = 400;
    private static final int MOST = 12;

    @Test
    void pathsAreTheShortestOnesInOrder() {
        int several = 0;
        for (long seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            Policy policy = RandomGraphs.builder(random, 3 + random.nextInt(3), 2 + random.nextInt(9))
                    .build();
            List<Endpoint> from = RandomGraphs.some(random, policy.endpoints());
            List<Endpoint> to = RandomGraphs.some(random, policy.endpoints());
            EdgeSet set = random.nextInt(3) == 0 ? EdgeSet.ALL : EdgeSet.DEFINITE;
            List<List<FlowEdge>> expected = all(new BruteForce(policy).edges(set), from, to);
            List<FlowPath> found = FlowGraph.of(policy).paths(set, from, to, MOST);
            String as = "seed " + seed;
            assertThat(found.stream().map(path -> path.edges().size()).toList())
                    .as(as)
                    .isEqualTo(expected.stream()
                            .map(List::size)
                            .sorted()
                            .limit(MOST)
                            .toList());
            assertThat(new HashSet<>(found)).as(as).hasSameSizeAs(found);
            Set<List<FlowEdge>> known = new HashSet<>(expected);
            assertThat(found).as(as).allMatch(path -> known.contains(path.edges()));
            several += found.size() > 2 ? 1 : 0;
        }
        assertThat(several).isGreaterThan(CASES / 5);
    }

    private static List<List<FlowEdge>> all(List<FlowEdge> edges, List<Endpoint> from, List<Endpoint> to) {
        List<List<FlowEdge>> all = new ArrayList<>();
        for (Endpoint start : from) {
            for (Endpoint end : to) {
                if (start != end) {
                    BruteForce.simplePaths(edges, start, end).stream()
                            .filter(path ->
                                    path.stream().limit(path.size() - 1L).noneMatch(edge -> to.contains(edge.to())))
                            .forEach(all::add);
                }
            }
        }
        return all;
    }
}
