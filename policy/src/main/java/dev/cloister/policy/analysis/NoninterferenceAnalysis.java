package dev.cloister.policy.analysis;

/** Intransitive noninterference and residual risks: CLP090 to CLP094. */
final class NoninterferenceAnalysis implements Analysis {
    @Override
    public String id() {
        return "noninterference";
    }

    @Override
    public String title() {
        return "noninterference";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().endpoints().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
