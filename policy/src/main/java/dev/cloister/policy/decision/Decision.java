package dev.cloister.policy.decision;

import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.Optional;

/**
 * A grant or refusal; the explain package puts its verdicts into words.
 *
 * @param policy the policy that was applied
 * @param request what was asked
 * @param packed every gate's reason and the flow, as {@link DecisionCore#evaluate} packs them
 */
public record Decision(Policy policy, Request request, long packed) {
    /** Returns whether no gate refused. */
    public boolean granted() {
        return DecisionCore.granted(packed);
    }

    /** Returns what a gate said. */
    public Reason reason(Gate gate) {
        return DecisionCore.reason(packed, gate);
    }

    /** Returns the declared flow that is concerned, where there is one. */
    public Optional<Flow> flow() {
        int flow = DecisionCore.flow(packed);
        return flow == Policy.NO_FLOW ? Optional.empty() : Optional.of(policy.flow(flow));
    }
}
