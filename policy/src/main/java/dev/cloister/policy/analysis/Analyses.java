package dev.cloister.policy.analysis;

import java.util.List;

/** Every analysis, in the order in which reports show them. */
final class Analyses {
    static final List<Analysis> ALL = List.of(
            new ReferencesAnalysis(),
            new LatticeAnalysis(),
            new LabelsAnalysis(),
            new TypesAnalysis(),
            new ConflictsAnalysis(),
            new WindowsAnalysis(),
            new LimitsAnalysis(),
            new AssertionsAnalysis(),
            new NoninterferenceAnalysis(),
            new CovertAnalysis(),
            new VerdictAnalysis(),
            new ScheduleAnalysis(),
            new AdmissionAnalysis(),
            new UnusedAnalysis(),
            new EnforcementAnalysis());

    private Analyses() {}
}
