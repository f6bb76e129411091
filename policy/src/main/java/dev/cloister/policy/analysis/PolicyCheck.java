package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Runs the static analyses over a compiled policy. Deterministic: the same policy and day give the same report. */
public final class PolicyCheck {
    private PolicyCheck() {}

    /**
     * One analysis and what it found.
     *
     * @param id its name, that of its page in docs/analyses
     * @param title what was checked, in a few words
     * @param examined how many objects were looked at
     * @param details errors, warnings and notes, with their witnesses, in the order in which they were found
     */
    public record Result(String id, String title, int examined, List<Finding> details) {
        /** Copies the list. */
        public Result {
            details = List.copyOf(details);
        }

        /** Returns what was found. */
        public List<Problem> findings() {
            return details.stream().map(Finding::problem).toList();
        }

        /** Returns whether the analysis found no error. */
        public boolean passed() {
            return details.stream().noneMatch(finding -> finding.problem().isError());
        }
    }

    /**
     * All analyses of a policy.
     *
     * @param analyses in the order in which they are printed
     */
    public record Report(List<Result> analyses) {
        /** Copies the list. */
        public Report {
            analyses = List.copyOf(analyses);
        }

        /** Returns every finding with its witness, in file order. */
        public List<Finding> details() {
            return analyses.stream()
                    .flatMap(analysis -> analysis.details().stream())
                    .sorted(Comparator.comparingInt(
                                    (Finding finding) -> finding.problem().line())
                            .thenComparingInt(finding -> finding.problem().column()))
                    .toList();
        }

        /** Returns every finding in file order. */
        public List<Problem> findings() {
            return details().stream().map(Finding::problem).toList();
        }

        /** Returns whether the policy may be enforced. */
        public boolean passed() {
            return analyses.stream().allMatch(Result::passed);
        }
    }

    /** Runs every analysis; whatever has a last day is held to be in force. */
    public static Report check(Policy policy) {
        return check(policy, Optional.empty());
    }

    /**
     * Runs every analysis as of a day.
     *
     * @param policy the policy
     * @param today the day; empty: whatever has a last day is held to be in force
     */
    public static Report check(Policy policy, Optional<LocalDate> today) {
        AnalysisContext context = new AnalysisContext(policy, today);
        List<Result> results = new ArrayList<>();
        for (Analysis analysis : Analyses.ALL) {
            Findings findings = new Findings();
            analysis.run(context, findings);
            results.add(new Result(analysis.id(), analysis.title(), analysis.examined(context), findings.all()));
        }
        return new Report(results);
    }
}
