package dev.cloister.policy.analysis;

/** Conflict sets: CLP050 to CLP053. */
final class ConflictsAnalysis implements Analysis {
    @Override
    public String id() {
        return "conflicts";
    }

    @Override
    public String title() {
        return "conflicts of interest";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().conflicts().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
