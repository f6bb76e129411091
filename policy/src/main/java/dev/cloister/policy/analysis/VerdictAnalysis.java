package dev.cloister.policy.analysis;

/** Safe, unsafe or ambiguous: CLP150. */
final class VerdictAnalysis implements Analysis {
    @Override
    public String id() {
        return "verdict";
    }

    @Override
    public String title() {
        return "verdict on each domain";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().domains().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
