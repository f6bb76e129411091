package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Builds a {@link FlowGraph}. */
final class FlowGraphBuilder {
    private final Policy policy;
    private final List<ResidualRisk> inForce;
    private final EdgeArrays.Builder edges = new EdgeArrays.Builder();
    private int nodes;

    FlowGraphBuilder(Policy policy, Optional<LocalDate> today) {
        this.policy = policy;
        this.inForce = policy.residualRisks().stream()
                .filter(risk -> !expired(risk, today))
                .toList();
        this.nodes = policy.endpoints().size();
    }

    /** Returns whether a risk's last day is over. */
    static boolean expired(ResidualRisk risk, Optional<LocalDate> today) {
        return today.isPresent() && risk.until().map(today.get()::isAfter).orElse(false);
    }

    /** Returns whether a flow passes every gate that doesn't depend on time or use. */
    static boolean passes(Policy policy, Flow flow) {
        return flow.forbidden().isEmpty()
                && Mediation.of(policy, flow.from().index(), flow.to().index()).allowed()
                && policy.types().allows(flow.from().type(), flow.to().type(), flow.kind());
    }

    FlowGraph build() {
        policy.flows().stream().filter(flow -> passes(policy, flow)).forEach(this::add);
        List<SharedResources> shared = Arrays.stream(ResidualRisk.Share.values())
                .map(share -> new SharedResources(policy, share, inForce))
                .toList();
        for (int resource = 0; resource < shared.size(); resource++) {
            add(shared.get(resource), resource, EdgeClass.SHARED_ACCEPTED);
            add(shared.get(resource), resource, EdgeClass.SHARED_UNDECLARED);
        }
        return new FlowGraph(policy, inForce, shared, edges.build(nodes));
    }

    private void add(Flow flow) {
        int from = flow.from().index();
        int to = flow.to().index();
        boolean mediated = Mediation.of(policy, from, to) != Mediation.DOMINATES;
        edges.flow(from, to, EdgeClass.DECLARED, mediated, flow.index());
        if (flow.kind().inducesReverseEdge()) {
            Mediation back = Mediation.of(policy, to, from);
            EdgeClass edgeClass = induced(flow, back);
            edges.flow(to, from, edgeClass, back.allowed() && back != Mediation.DOMINATES, flow.index());
        }
    }

    private static EdgeClass induced(Flow flow, Mediation back) {
        if (flow.backChannel().isPresent()) {
            return EdgeClass.INDUCED_BUDGETED;
        }
        return back.allowed() ? EdgeClass.INDUCED_LEGAL : EdgeClass.INDUCED_UNBUDGETED;
    }

    private void add(SharedResources resource, int number, EdgeClass edgeClass) {
        boolean accepted = edgeClass == EdgeClass.SHARED_ACCEPTED;
        int[] outHub = new int[resource.groups()];
        int[] inHub = new int[resource.groups()];
        for (int one = 0; one < resource.groups(); one++) {
            for (int two = 0; two < resource.groups(); two++) {
                if (resource.shares(one, two) && resource.accepted(one, two) == accepted) {
                    edges.hub(
                            out(outHub, one, resource, number, edgeClass),
                            in(inHub, two, resource, number, edgeClass),
                            edgeClass,
                            number);
                }
            }
        }
    }

    private int out(int[] hubs, int group, SharedResources resource, int number, EdgeClass edgeClass) {
        if (hubs[group] == 0) {
            int hub = nodes++;
            hubs[group] = hub;
            resource.members(group).forEach(member -> edges.hub(member.index(), hub, edgeClass, number));
        }
        return hubs[group];
    }

    private int in(int[] hubs, int group, SharedResources resource, int number, EdgeClass edgeClass) {
        if (hubs[group] == 0) {
            int hub = nodes++;
            hubs[group] = hub;
            resource.members(group).forEach(member -> edges.hub(hub, member.index(), edgeClass, number));
        }
        return hubs[group];
    }
}
