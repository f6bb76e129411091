package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.SourcePosition;
import java.util.Optional;

/**
 * One edge of the {@link FlowGraph}: information may move from one endpoint to another.
 *
 * @param from the sender
 * @param to the receiver
 * @param edgeClass where it comes from
 * @param mediated whether only a guard makes it legal
 * @param flow the flow that is, or induces, this edge; empty for shared resources
 * @param share what is shared; empty for flows
 * @param risk the residual risk that accepts the sharing, where one does
 */
public record FlowEdge(
        Endpoint from,
        Endpoint to,
        EdgeClass edgeClass,
        boolean mediated,
        Optional<Flow> flow,
        Optional<ResidualRisk.Share> share,
        Optional<ResidualRisk> risk) {
    /** Returns the flow's name, or what is shared, such as {@code shared cache}. */
    public String name() {
        return flow.map(Flow::name)
                .orElseGet(() ->
                        "shared " + share.map(ResidualRisk.Share::jsonName).orElse("resource"));
    }

    /** Returns where the policy states what makes the edge: the flow, the residual risk, or else the sender. */
    public SourcePosition position() {
        return flow.map(Flow::position)
                .or(() -> risk.map(ResidualRisk::position))
                .orElseGet(from::position);
    }

    /** Returns the edge's arrow and receiver, such as {@code -[readings]-> guard}; reverse edges are drawn {@code ~[..]~>}. */
    public String arrow() {
        String line = edgeClass == EdgeClass.DECLARED ? "-" : "~";
        return line + "[" + name() + "]" + line + "> " + to.name();
    }
}
