package dev.cloister.policy.analysis;

/** The cyclic schedule: CLP110 to CLP114. */
final class ScheduleAnalysis implements Analysis {
    @Override
    public String id() {
        return "schedule";
    }

    @Override
    public String title() {
        return "schedule";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().schedule().map(s -> s.majors().size()).orElse(0);
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
