package dev.cloister.policy.analysis;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;

/** Rates and quotas are seen by whoever enforces them. */
final class LimitsAnalysis implements Analysis {
    @Override
    public String id() {
        return "limits";
    }

    @Override
    public String title() {
        return "rates are seen by whoever enforces them";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().flows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        for (Flow flow : context.policy().flows()) {
            if (flow.kind() == FlowKind.MEMORY && flow.rate().isPresent()) {
                findings.warning(
                        FindingId.RATE_UNSEEN,
                        flow.rate().get().position(),
                        "the rate of memory flow \"" + flow.name()
                                + "\" limits how often it is opened, not its records: nobody sees them pass",
                        "use kind stream or event where the traffic itself must be limited");
            }
        }
    }
}
