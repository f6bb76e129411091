package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Builds a {@link FlowGraph}. */
public final class FlowGraphBuilder {
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
    public static boolean expired(ResidualRisk risk, Optional<LocalDate> today) {
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
        for (SharedResources resource : shared) {
            add(resource, EdgeClass.SHARED_ACCEPTED);
            add(resource, EdgeClass.SHARED_UNDECLARED);
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

    private void add(SharedResources resource, EdgeClass edgeClass) {
        boolean accepted = edgeClass == EdgeClass.SHARED_ACCEPTED;
        int share = resource.share().ordinal();
        int[] outHub = new int[resource.groups()];
        int[] inHub = new int[resource.groups()];
        for (int one = 0; one < resource.groups(); one++) {
            for (int two = 0; two < resource.groups(); two++) {
                Optional<ResidualRisk> risk = resource.groupRisk(one, two);
                if (risk.isPresent() == accepted && resource.shares(one, two)) {
                    int number = risk.map(inForce::indexOf).orElse(-1);
                    int out = hub(outHub, one, resource, edgeClass, true);
                    edges.hub(out, hub(inHub, two, resource, edgeClass, false), edgeClass, share, number);
                }
            }
        }
    }

    /** Returns a group's hub, made and connected with its members when it is first needed. */
    private int hub(int[] hubs, int group, SharedResources resource, EdgeClass edgeClass, boolean out) {
        if (hubs[group] == 0) {
            int hub = nodes++;
            hubs[group] = hub;
            int share = resource.share().ordinal();
            resource.members(group).forEach(member -> {
                int sender = out ? member.index() : hub;
                edges.hub(sender, out ? hub : member.index(), edgeClass, share, -1);
            });
        }
        return hubs[group];
    }
}
