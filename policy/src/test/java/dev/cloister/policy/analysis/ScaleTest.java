package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.graph.Cut;
import dev.cloister.policy.analysis.graph.CutFinder;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.Assertion.Claim;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** 10,000 domains and 100,000 flows: prints how long each analysis takes; asserts only that nothing is out of all proportion. */
class ScaleTest {
    private static final long LIMIT_SECONDS = 120;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    @Test
    void largePolicyIsChecked() {
        PolicyBuilder builder = RandomGraphs.large(10_000, 100_000, 42);
        List<Domain> domains = builder.build().domains();
        List<Domain> low = domains.subList(0, 3000);
        List<Domain> high = domains.subList(7000, 10_000);
        builder.claim(Claim.NEVER, high, low, List.of(), false);
        builder.claim(Claim.NEVER, domains, domains, List.of(), true);
        builder.claim(Claim.UNLESS_VIA, low, high, domains.subList(4000, 4100), false);
        builder.claim(Claim.MUST, low, high, List.of(), false);
        Policy policy = builder.build();
        AnalysisContext context = new AnalysisContext(policy, Optional.empty());
        long begin = System.nanoTime();
        time("graph", context::graph);
        time("closure of definite edges", () -> context.closure(EdgeSet.DEFINITE));
        time("closure of all edges", () -> context.closure(EdgeSet.ALL));
        long found = 0;
        for (Analysis analysis : Analyses.ALL) {
            Findings findings = new Findings();
            time(analysis.id(), () -> {
                analysis.run(context, findings);
                return findings;
            });
            found += findings.all().size();
        }
        long seconds = (System.nanoTime() - begin) / 1_000_000_000L;
        System.out.printf(
                "%d domains, %d flows: all in %d s, %d findings%n",
                domains.size(), policy.flows().size(), seconds, found);
        assertThat(seconds).isLessThan(LIMIT_SECONDS);
        assertThat(found).isLessThan(1000);
    }

    private interface Step {
        Object run();
    }

    private static void time(String what, Step step) {
        Runtime runtime = Runtime.getRuntime();
        long begin = System.nanoTime();
        long cpu = THREADS.getCurrentThreadCpuTime();
        step.run();
        System.out.printf(
                "  %-28s %6d ms, of CPU %6d ms  %5d MiB used%n",
                what,
                (System.nanoTime() - begin) / 1_000_000,
                (THREADS.getCurrentThreadCpuTime() - cpu) / 1_000_000,
                runtime.totalMemory() - runtime.freeMemory() >> 20);
    }

    @Test
    void aLongChainNeedsNoDeepStack() {
        PolicyBuilder builder = new PolicyBuilder("low");
        List<Domain> chain = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            chain.add(builder.domain("d" + i, builder.label(0)));
            if (i > 0) {
                builder.flow(chain.get(i - 1), chain.get(i));
            }
        }
        builder.claim(Claim.NEVER, chain.subList(0, 1), chain.subList(9999, 10_000), List.of(), false);
        FlowGraph graph = FlowGraph.of(builder.build());
        assertThat(graph.closure(EdgeSet.DECLARED).reaches(0, 9999)).isTrue();
        assertThat(graph.closure(EdgeSet.DECLARED).reaches(9999, 0)).isFalse();
        Cut cut = graph.smallestCut(EdgeSet.DECLARED, chain.subList(0, 1), chain.subList(9999, 10_000), List.of());
        assertThat(cut.anyOne()).isTrue();
        assertThat(cut.edges()).hasSize(CutFinder.MOST);
        Finding finding = PolicyCheck.check(builder.build()).details().stream()
                .filter(f -> f.problem().isError())
                .findFirst()
                .orElseThrow();
        assertThat(finding.witness().orElseThrow().edges()).hasSize(9999);
        assertThat(finding.problem().message()).contains("more ...").hasSizeLessThan(1000);
    }

    @Test
    void findingsAreCappedAndCounted() {
        PolicyBuilder builder = new PolicyBuilder("low", "high");
        Domain low = builder.domain("low", builder.label(0));
        Domain high = builder.domain("high", builder.label(1));
        for (int i = 0; i < 200; i++) {
            builder.flow(high, low);
        }
        List<Problem> found = PolicyCheck.check(builder.build()).findings().stream()
                .filter(problem -> problem.id() == FindingId.AGAINST_LATTICE)
                .toList();
        assertThat(found).hasSize(Findings.MOST + 1).allMatch(Problem::isError);
        assertThat(found).anyMatch(problem -> problem.message().equals("and 150 more of CLP020"));
    }
}
