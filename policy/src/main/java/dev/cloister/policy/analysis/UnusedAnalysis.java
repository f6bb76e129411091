package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Lattice;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import java.util.List;

/** What the policy declares and nothing needs. */
final class UnusedAnalysis implements Analysis {
    @Override
    public String id() {
        return "unused";
    }

    @Override
    public String title() {
        return "unused and redundant rules";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().endpoints().size() + context.policy().flows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        lattice(context.policy(), findings);
        guards(context, findings);
        domains(context.policy(), findings);
    }

    private static void lattice(Policy policy, Findings findings) {
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
        unused(policy.lattice(), "level", policy.lattice().levels(), levels, findings);
        unused(policy.lattice(), "compartment", policy.lattice().compartments(), compartments, findings);
    }

    private static void unused(Lattice lattice, String sort, List<String> names, long used, Findings findings) {
        for (int i = 0; i < names.size(); i++) {
            if ((used >>> i & 1) == 0) {
                findings.note(
                        FindingId.LATTICE_UNUSED,
                        lattice.position(),
                        "no label uses the " + sort + " \"" + names.get(i) + "\"");
            }
        }
    }

    private static void guards(AnalysisContext context, Findings findings) {
        for (Guard guard : context.policy().guards()) {
            boolean needed = context.policy().flowsOf(guard.domain()).stream()
                    .anyMatch(flow -> context.mediation(flow.from(), flow.to()) != Mediation.DOMINATES);
            if (!needed) {
                findings.note(
                        FindingId.GUARD_UNUSED,
                        guard.position(),
                        "no flow needs the guard \"" + guard.domain().name()
                                + "\": the lattice allows all its flows anyway");
            }
        }
    }

    private static void domains(Policy policy, Findings findings) {
        for (Domain domain : policy.domains()) {
            if (policy.flowsOf(domain).isEmpty()) {
                findings.note(
                        FindingId.ISOLATED,
                        domain.position(),
                        "domain \"" + domain.name() + "\" has no flow, not even a console");
            }
        }
    }
}
