package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.DomainVerdict.Verdict;
import dev.cloister.policy.model.FindingId;
import java.util.List;
import java.util.stream.Collectors;

/** Safe, unsafe or ambiguous: CLP150, one line for the policy; {@link DomainVerdicts} has the table. */
final class VerdictAnalysis implements Analysis {
    private static final int SHOWN = 5;

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
    public void run(AnalysisContext context, Findings findings) {
        List<DomainVerdict> verdicts = DomainVerdicts.of(context);
        findings.note(
                FindingId.VERDICT,
                context.policy().position(),
                count(verdicts, Verdict.SAFE) + " safe, " + words(verdicts, Verdict.AMBIGUOUS) + ", "
                        + words(verdicts, Verdict.UNSAFE) + hardware(verdicts));
    }

    private static String hardware(List<DomainVerdict> verdicts) {
        long only = verdicts.stream()
                .filter(v -> v.because().equals(DomainVerdicts.HARDWARE))
                .count();
        return only > 0 ? "; " + only + " ambiguous only by " + DomainVerdicts.HARDWARE : "";
    }

    private static long count(List<DomainVerdict> verdicts, Verdict verdict) {
        return verdicts.stream().filter(v -> v.verdict() == verdict).count();
    }

    private static String words(List<DomainVerdict> verdicts, Verdict verdict) {
        long count = count(verdicts, verdict);
        String names = verdicts.stream()
                .filter(v -> v.verdict() == verdict)
                .limit(SHOWN)
                .map(v -> v.domain().name())
                .collect(Collectors.joining(", "));
        String more = count > SHOWN ? " and " + (count - SHOWN) + " more" : "";
        return count + " " + verdict.label() + (count > 0 ? " (" + names + more + ")" : "");
    }
}
