package dev.cloister.policy.analysis;

/**
 * One static analysis of a policy. Implementations have no state: what several need is computed once by the {@link
 * AnalysisContext}. One class per analysis; {@link Analyses} lists them in order.
 */
interface Analysis {
    /** Returns its name, which is that of its page in docs/analyses and of {@code FindingId.analysis()}. */
    String id();

    /** Returns what is checked, in a few words, for a table of 80 columns. */
    String title();

    /** Returns how many objects it looks at. */
    int examined(AnalysisContext context);

    /** Looks at the policy and reports what it finds, in a fixed order. */
    void run(AnalysisContext context, Findings findings);
}
