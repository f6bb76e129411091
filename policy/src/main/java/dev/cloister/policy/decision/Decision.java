package dev.cloister.policy.decision;

import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.Optional;

/**
 * A grant or refusal of a request under a policy and a history, which goes on changing; {@code packed} by {@link
 * DecisionCore#evaluate}. The explain package puts it into words.
 */
public record Decision(Policy policy, History history, Request request, long packed) {
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
