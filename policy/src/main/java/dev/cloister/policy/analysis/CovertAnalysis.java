package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.SharedResources;
import dev.cloister.policy.model.CovertLimit;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Problem.Severity;
import java.util.List;
import java.util.Optional;

/** What can leak against the labels, and how fast: CLP100 to CLP102. */
final class CovertAnalysis implements Analysis {
    @Override
    public String id() {
        return "covert";
    }

    @Override
    public String title() {
        return "covert budget";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().endpoints().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        CovertCapacity capacity = new CovertCapacity(context);
        Optional<CovertLimit> limit = context.policy().covertLimit();
        List<CovertPair> worst = capacity.worst(1);
        if (!worst.isEmpty()) {
            budget(context, capacity, worst.getFirst(), findings);
        }
        if (capacity.unboundedPairs() > 0) {
            unbounded(context, capacity, worst.getFirst(), findings);
        }
        limit.ifPresent(stated -> limit(context, capacity, stated, findings));
    }

    private static void budget(AnalysisContext context, CovertCapacity capacity, CovertPair worst, Findings findings) {
        if (!worst.unbounded()) {
            findings.add(
                    FindingId.COVERT_BUDGET,
                    Severity.NOTE,
                    context.policy().position(),
                    count(capacity.pairs()) + " can leak against the labels"
                            + (capacity.pairs() == 1 ? ": " : "; the worst: ")
                            + words(context, worst),
                    "",
                    Optional.of(worst.path()));
        }
    }

    private static String words(AnalysisContext context, CovertPair pair) {
        return context.show(pair.from()) + " to " + context.show(pair.to()) + ", " + pair.rate() + ": " + pair.path();
    }

    private static String count(long pairs) {
        return pairs == 1 ? "1 pair" : pairs + " pairs";
    }

    private static void unbounded(
            AnalysisContext context, CovertCapacity capacity, CovertPair worst, Findings findings) {
        Severity severity = context.policy().covertLimit().isPresent() ? Severity.ERROR : Severity.WARNING;
        findings.add(
                FindingId.COVERT_UNBOUNDED,
                severity,
                worst.path().edges().getFirst().position(),
                "for " + count(capacity.unboundedPairs()) + " of " + capacity.pairs()
                        + " there is no bound on what leaks against the labels: " + words(context, worst),
                "declare a back-channel budget, or \"bitsPerSecond\" where the residual risk is accepted",
                Optional.of(worst.path()));
    }

    private static void limit(AnalysisContext context, CovertCapacity capacity, CovertLimit limit, Findings findings) {
        List<CovertPair> above = capacity.above(limit.bitsPerSecond(), Findings.MOST);
        for (CovertPair pair : above) {
            findings.add(
                    FindingId.COVERT_LIMIT,
                    Severity.ERROR,
                    limit.position(),
                    "more than the covert limit of " + limit.bitsPerSecond() + " bits/s: " + words(context, pair),
                    "lower a budget, remove a flow, or raise the limit",
                    Optional.of(pair.path()));
        }
        long more = capacity.countAbove(limit.bitsPerSecond()) - above.size();
        if (more > 0) {
            String exact = capacity.exact() ? "" : ", or can't be shown to be below it";
            findings.error(
                    FindingId.COVERT_LIMIT,
                    limit.position(),
                    count(more) + " more above the covert limit" + exact,
                    "lower budgets where many ways meet; policy covert shows the worst pairs");
        }
        sharing(context, limit, findings);
    }

    /** A limit can't be shown to hold while hardware is shared that nobody has put a number on. */
    private static void sharing(AnalysisContext context, CovertLimit limit, Findings findings) {
        for (SharedResources resource : context.graph().shared()) {
            new SharingPairs(context.graph(), resource)
                    .firstUndeclared()
                    .ifPresent(edge -> findings.add(
                            FindingId.COVERT_UNBOUNDED,
                            NoninterferenceAnalysis.undeclared(context),
                            limit.position(),
                            "the covert limit says nothing of the " + edge.name() + " of " + context.show(edge.from())
                                    + " and " + context.show(edge.to()) + ": no residual risk puts a number on it",
                            "declare it in \"residualRisks\" with \"bitsPerSecond\"",
                            Optional.of(new FlowPath(List.of(edge)))));
        }
    }
}
