package dev.cloister.cli.testgen;

import dev.cloister.policy.model.Policy;

/** Plans connectivity tests. */
public final class Testgen {
    private Testgen() {}

    /**
     * How much is tested.
     *
     * @param batch most domains that run at once, at least 2
     * @param sample most ordered pairs of domains, at least 1
     * @param seed chooses the pairs without a flow
     * @param allKinds whether every kind is asked for between every pair
     */
    public record Extent(int batch, int sample, long seed, boolean allKinds) {}

    /**
     * Plans the test of a policy.
     *
     * @param policy a policy that may be enforced
     * @param extent how much
     */
    public static Suite plan(Policy policy, Extent extent) {
        return Planner.plan(
                policy, Batches.of(policy, extent.batch(), extent.sample(), extent.seed()), extent.allKinds());
    }
}
