package dev.cloister.policy.analysis;

import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Forbid;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.util.List;
import java.util.Optional;

/**
 * Declared flows that no request is ever granted, and the gate that refuses them: a fragment forbids it, its two ends are parties of
 * one historic conflict set, or none of its windows ever opens. Flows that labels or types refuse are errors of their own.
 */
final class NeverGranted {
    private final Policy policy;
    private final OpenTimes times;

    NeverGranted(AnalysisContext context) {
        this.policy = context.policy();
        this.times = WindowsAnalysis.times(context);
    }

    void report(Findings out) {
        List<ConflictSet> historic = policy.conflicts().stream()
                .filter(set -> set.mode() == ConflictSet.Mode.HISTORIC)
                .toList();
        for (Flow flow : policy.flows()) {
            Optional<Forbid> forbid = flow.forbidden();
            Optional<ConflictSet> conflict =
                    historic.stream().filter(set -> apart(set, flow)).findFirst();
            if (forbid.isPresent()) {
                never(flow, "declared", forbidden(forbid.get()), forbid.get().position(), out);
            } else if (conflict.isPresent()) {
                never(
                        flow,
                        "conflicts",
                        flow.from().name() + " and " + flow.to().name() + " are of different parties of \""
                                + conflict.get().name() + "\"",
                        conflict.get().position(),
                        out);
            } else if (!opens(flow)) {
                never(flow, "timeWindow", "none of its windows ever opens", flow.position(), out);
            }
        }
    }

    private static String forbidden(Forbid forbid) {
        return "fragment \"" + forbid.fragment() + "\" forbids it"
                + (forbid.because().isEmpty() ? "" : " because " + forbid.because());
    }

    private boolean opens(Flow flow) {
        return flow.limits().when().lists().stream().allMatch(list -> times.together(List.of(list)));
    }

    private boolean apart(ConflictSet set, Flow flow) {
        int from = party(set, flow.from().index());
        int to = party(set, flow.to().index());
        return from != ConflictSet.NO_PARTY && to != ConflictSet.NO_PARTY && from != to;
    }

    private int party(ConflictSet set, int endpoint) {
        return PartyReach.passedOver(policy, set, endpoint)
                ? ConflictSet.NO_PARTY
                : policy.party(set.index(), endpoint);
    }

    private static void never(Flow flow, String gate, String why, SourcePosition rule, Findings out) {
        out.warning(
                FindingId.NEVER_GRANTED,
                flow.position(),
                "flow \"" + flow.name() + "\" is never granted: gate " + gate + " refuses it, as " + why + " (" + rule
                        + ")",
                "remove the flow, or what refuses it");
    }
}
