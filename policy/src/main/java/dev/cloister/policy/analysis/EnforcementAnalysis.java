package dev.cloister.policy.analysis;

/** What this release knows but doesn't enforce: CLP160. */
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
        return context.policy().flows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
