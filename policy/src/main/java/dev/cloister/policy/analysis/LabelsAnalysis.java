package dev.cloister.policy.analysis;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Mediation;

/** Every flow and every reverse edge is dominated, guarded or budgeted, and guards agree with their labels: CLP020, 021, 024, 025. */
final class LabelsAnalysis implements Analysis {
    @Override
    public String id() {
        return "labels";
    }

    @Override
    public String title() {
        return "every flow dominated or guarded";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().flows().size() + context.policy().guards().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        context.policy().guards().forEach(guard -> guard(context, guard, findings));
        for (Flow flow : context.policy().flows()) {
            forward(context, flow, findings);
            if (flow.kind().inducesReverseEdge()) {
                reverse(context, flow, findings);
            }
        }
    }

    private static void guard(AnalysisContext context, Guard guard, Findings findings) {
        Label own = guard.domain().label();
        // What enters is below the guard's label or its "from"; what leaves is above its label or its "to". Each way
        // against the
        // lattice must be from -> to, never from -> own label or own label -> to by accident.
        boolean entry = own.dominates(guard.from()) || own.dominates(guard.to());
        boolean exit = guard.to().dominates(own) || guard.from().dominates(own);
        if (!entry || !exit) {
            findings.error(
                    FindingId.GUARD_UNSOUND,
                    guard.position(),
                    "guard \"" + guard.domain().name() + "\" with label " + context.show(own)
                            + " could move information outside its bounds, from " + context.show(guard.from()) + " to "
                            + context.show(guard.to()),
                    "label the guard between its bounds, for example " + context.show(guard.from()));
        }
    }

    private static void forward(AnalysisContext context, Flow flow, Findings findings) {
        Mediation mediation = context.mediation(flow.from(), flow.to());
        if (!mediation.allowed()) {
            findings.error(
                    FindingId.AGAINST_LATTICE,
                    flow.position(),
                    "flow \"" + flow.name() + "\" from " + context.show(flow.from()) + " to " + context.show(flow.to())
                            + " goes against the lattice" + why(mediation),
                    advice(mediation));
        }
    }

    private static String why(Mediation mediation) {
        return switch (mediation) {
            case OUTSIDE_BOUNDS -> " and outside the guard's bounds";
            case TWO_GUARDS -> ", and one guard can't mediate for another";
            case FORBIDDEN, DOMINATES, GUARD_ACCEPTS, GUARD_RELEASES -> " and no guard mediates";
        };
    }

    private static String advice(Mediation mediation) {
        return mediation == Mediation.OUTSIDE_BOUNDS
                ? "widen the guard's bounds or change a label"
                : "send it through a guard, change a label, or remove the flow";
    }

    private static void reverse(AnalysisContext context, Flow flow, Findings findings) {
        boolean allowed = context.mediation(flow.to(), flow.from()).allowed();
        String edge = "flow \"" + flow.name() + "\" (" + flow.kind().jsonName() + ") lets "
                + flow.from().name() + " see the credit of " + flow.to().name();
        if (flow.backChannel().isEmpty()) {
            if (!allowed) {
                findings.error(
                        FindingId.REVERSE_EDGE,
                        flow.position(),
                        edge + ", a reverse edge that the labels forbid",
                        "declare \"backChannel\": {\"bitsPerSecond\": N}, or use kind memory");
            }
            return;
        }
        BackChannel budget = flow.backChannel().get();
        if (allowed) {
            findings.note(
                    FindingId.BUDGET_UNUSED,
                    budget.position(),
                    edge + "; the labels allow that, so the budget is only a limit");
        } else {
            findings.note(
                    FindingId.REVERSE_EDGE,
                    budget.position(),
                    edge + ": at most " + budget.bitsPerSecond() + " bits/s against the labels");
        }
    }
}
