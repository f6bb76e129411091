package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.SourcePosition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the policy declares and nothing needs, and flows that no request is ever granted. */
final class UnusedAnalysis implements Analysis {
    @Override
    public String id() {
        return "unused";
    }

    @Override
    public String title() {
        return "unused, redundant, shadowed";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().endpoints().size() + context.policy().flows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        lattice(context.policy(), out);
        guards(context, out);
        endpoints(context.policy(), out);
        new NeverGranted(context).report(out);
        redundant(context.policy(), out);
        ShadowedRules.report(context.policy(), out);
        remarks(context.policy(), out);
    }

    private static void lattice(Policy policy, Findings out) {
        long levels = 0;
        long compartments = 0;
        for (Endpoint endpoint : policy.endpoints()) {
            levels |= 1L << endpoint.label().level();
            compartments |= endpoint.label().compartments();
        }
        for (Guard guard : policy.guards()) {
            levels |= 1L << guard.from().level() | 1L << guard.to().level();
            compartments |= guard.from().compartments() | guard.to().compartments();
        }
        unused(policy.lattice(), "level", policy.lattice().levels(), levels, out);
        unused(policy.lattice(), "compartment", policy.lattice().compartments(), compartments, out);
    }

    private static void unused(Lattice lattice, String sort, List<String> names, long used, Findings out) {
        for (int i = 0; i < names.size(); i++) {
            if ((used >>> i & 1) == 0) {
                out.note(
                        FindingId.LATTICE_UNUSED,
                        lattice.position(),
                        "no label uses the " + sort + " \"" + names.get(i) + "\"",
                        "remove it, unless a later version of the policy will need it");
            }
        }
    }

    private static void guards(AnalysisContext context, Findings out) {
        for (Guard guard : context.policy().guards()) {
            boolean needed = context.policy().flowsOf(guard.domain()).stream()
                    .anyMatch(flow -> context.mediation(flow.from(), flow.to()) != Mediation.DOMINATES);
            if (!needed) {
                out.note(
                        FindingId.GUARD_UNUSED,
                        guard.position(),
                        "no flow needs the guard \"" + guard.domain().name()
                                + "\": the lattice allows all its flows anyway",
                        "remove the guard: its domain need not be trusted");
            }
        }
    }

    private static void endpoints(Policy policy, Findings out) {
        for (Endpoint endpoint : policy.endpoints()) {
            if (!policy.flowsOf(endpoint).isEmpty()) {
                continue;
            }
            switch (endpoint) {
                case Domain domain ->
                    out.note(
                            FindingId.ISOLATED,
                            domain.position(),
                            "domain \"" + domain.name() + "\" has no flow, not even a console",
                            "declare a flow, such as one of kind console to @console");
                case HostEndpoint host ->
                    out.note(
                            FindingId.ENDPOINT_UNUSED,
                            host.position(),
                            "no flow names the host's " + host.name(),
                            "remove it: what isn't declared can't be reached by mistake");
            }
        }
    }

    private record Ends(int from, int to, FlowKind kind) {}

    private static void redundant(Policy policy, Findings out) {
        Map<Ends, Flow> first = new HashMap<>();
        for (Flow flow : policy.flows()) {
            if (flow.sockets().isPresent()) {
                // Its connections are asked for by their ports.
                continue;
            }
            Flow other =
                    first.putIfAbsent(new Ends(flow.from().index(), flow.to().index(), flow.kind()), flow);
            if (other != null) {
                out.note(
                        FindingId.REDUNDANT_FLOW,
                        flow.position(),
                        "flow \"" + flow.name() + "\" has the same ends and kind as \"" + other.name() + "\" ("
                                + other.position() + "): whoever asks for a kind only gets the first",
                        "remove one, unless two channels are meant; then ask for them by name");
            }
        }
    }

    /** What only the loader sees: names that it has resolved away. */
    private static void remarks(Policy policy, Findings out) {
        for (Problem remark : policy.remarks()) {
            SourcePosition at = new SourcePosition(remark.file(), remark.line(), remark.column());
            out.add(remark.id(), remark.severity(), at, remark.message(), remark.suggestion(), Optional.empty());
        }
    }
}
