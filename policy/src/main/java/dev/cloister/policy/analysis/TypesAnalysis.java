package dev.cloister.policy.analysis;

/** Type enforcement: CLP040 to CLP043. */
final class TypesAnalysis implements Analysis {
    @Override
    public String id() {
        return "types";
    }

    @Override
    public String title() {
        return "types allow every flow";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().types().rules().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
