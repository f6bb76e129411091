package dev.cloister.policy.analysis;

/**
 * References. The loader throws on a dangling one, so a compiled policy has none: this line of the report says that they were looked
 * at.
 */
final class ReferencesAnalysis implements Analysis {
    @Override
    public String id() {
        return "references";
    }

    @Override
    public String title() {
        return "references";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().flows().size() * 2 + context.policy().guards().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
