package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import java.time.LocalDate;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the analyses of one policy have in common, each computed when it is first asked for. One thread only. */
final class AnalysisContext {
    private final Policy policy;
    private final Optional<LocalDate> today;
    private final Map<EdgeSet, Closure> closures = new HashMap<>();
    private final Map<Label, BitSet> dominating = new HashMap<>();
    private @Nullable FlowGraph graph;

    AnalysisContext(Policy policy, Optional<LocalDate> today) {
        this.policy = policy;
        this.today = today;
    }

    Policy policy() {
        return policy;
    }

    /** Returns the day as of which the policy is looked at; empty: whatever has a last day is in force. */
    Optional<LocalDate> today() {
        return today;
    }

    FlowGraph graph() {
        FlowGraph made = graph;
        if (made == null) {
            made = FlowGraph.of(policy, today);
            graph = made;
        }
        return made;
    }

    Closure closure(EdgeSet which) {
        return closures.computeIfAbsent(which, set -> graph().closure(set));
    }

    /** Returns the indexes of the endpoints to which information of a label may move; not to be changed. */
    BitSet dominating(Label label) {
        return dominating.computeIfAbsent(label, l -> {
            BitSet bits = new BitSet(policy.endpoints().size());
            policy.endpoints().stream()
                    .filter(endpoint -> endpoint.label().dominates(l))
                    .forEach(endpoint -> bits.set(endpoint.index()));
            return bits;
        });
    }

    Mediation mediation(Endpoint from, Endpoint to) {
        return Mediation.of(policy, from.index(), to.index());
    }

    /** Returns an endpoint with its label, such as {@code sensor (unclassified{field})}. */
    String show(Endpoint endpoint) {
        return endpoint.name() + " (" + show(endpoint.label()) + ")";
    }

    String show(Label label) {
        return policy.lattice().format(label);
    }
}
