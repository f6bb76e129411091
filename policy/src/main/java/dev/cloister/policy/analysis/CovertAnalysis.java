package dev.cloister.policy.analysis;

/** What leaks against the labels, and how fast: CLP100 to CLP102. */
final class CovertAnalysis implements Analysis {
    @Override
    public String id() {
        return "covert";
    }

    @Override
    public String title() {
        return "covert capacity";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().endpoints().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
