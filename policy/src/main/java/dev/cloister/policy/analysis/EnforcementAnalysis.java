package dev.cloister.policy.analysis;

import dev.cloister.policy.model.FindingId;

/** What the policy asks for and this release neither makes nor enforces: {@link Enforcement} lists it. */
final class EnforcementAnalysis implements Analysis {
    @Override
    public String id() {
        return "enforcement";
    }

    @Override
    public String title() {
        return "enforced by this release";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().flows().size() + context.policy().domains().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        Enforcement.unmet(context.policy())
                .forEach(unmet -> out.note(
                        FindingId.NOT_ENFORCED,
                        unmet.position(),
                        unmet.message(),
                        "the policy can be checked and explained; \"cloister up\" refuses it until this is removed"));
    }
}
