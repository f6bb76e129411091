package dev.cloister.policy.analysis;

/** Windows of time: CLP060 to CLP062. */
final class WindowsAnalysis implements Analysis {
    @Override
    public String id() {
        return "windows";
    }

    @Override
    public String title() {
        return "windows of time";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().windows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
