package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.Assertion.Claim;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** 10,000 domains and 100,000 flows: prints how long each analysis takes; asserts only that nothing is out of all proportion. */
class ScaleTest {
    private static final long LIMIT_SECONDS = 60;

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
        step.run();
        System.out.printf(
                "  %-28s %6d ms  %5d MiB used%n",
                what, (System.nanoTime() - begin) / 1_000_000, runtime.totalMemory() - runtime.freeMemory() >> 20);
    }
}
