package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.TypeEnforcement;
import dev.cloister.policy.model.TypeRule;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

/** Type enforcement: every flow is allowed by a type rule, every type has an endpoint, every rule allows a flow. */
final class TypesAnalysis implements Analysis {
    @Override
    public String id() {
        return "types";
    }

    @Override
    public String title() {
        return "types allow every flow";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().types().active() ? context.policy().flows().size() : 0;
    }

    /** What a type rule speaks of. */
    record Use(int from, int to, FlowKind kind) {}

    @Override
    public void run(AnalysisContext context, Findings out) {
        Policy policy = context.policy();
        TypeEnforcement types = policy.types();
        if (!types.active()) {
            return;
        }
        policy.flows().stream().filter(flow -> !allowed(types, flow)).forEach(flow -> forbidden(types, flow, out));
        BitSet used = new BitSet();
        policy.endpoints().stream()
                .mapToInt(Endpoint::type)
                .filter(type -> type >= 0)
                .forEach(used::set);
        for (int type = 0; type < types.types().size(); type++) {
            if (!used.get(type)) {
                out.note(
                        FindingId.TYPE_UNUSED,
                        policy.position(),
                        "no endpoint has the type \"" + types.types().get(type) + "\"",
                        "remove it from \"types\" and from the type rules");
            }
        }
        Set<Use> uses = uses(policy);
        for (TypeRule rule : types.rules()) {
            if (uses.stream().noneMatch(use -> rule.allows(use.from(), use.to(), use.kind()))) {
                out.note(
                        FindingId.TYPE_RULE_UNUSED,
                        rule.position(),
                        "no flow needs the type rule from " + names(types, rule.from()) + " to "
                                + names(types, rule.to()) + " for " + kinds(rule),
                        "remove the rule: what no flow needs only widens what a later flow may do");
            }
        }
    }

    /** The uses that flows make; at most one for each flow. */
    static Set<Use> uses(Policy policy) {
        Set<Use> uses = new HashSet<>();
        policy.flows()
                .forEach(flow -> uses.add(new Use(flow.from().type(), flow.to().type(), flow.kind())));
        return uses;
    }

    private static boolean allowed(TypeEnforcement types, Flow flow) {
        return types.allows(flow.from().type(), flow.to().type(), flow.kind());
    }

    private static void forbidden(TypeEnforcement types, Flow flow, Findings out) {
        String from = type(types, flow.from());
        String to = type(types, flow.to());
        out.error(
                FindingId.TYPE_FORBIDS,
                flow.position(),
                "no type rule allows flow \"" + flow.name() + "\": "
                        + flow.from().name() + " (" + from + ") to " + flow.to().name() + " (" + to + ") by "
                        + flow.kind().jsonName(),
                "add {\"from\": \"" + from + "\", \"to\": \"" + to + "\", \"kinds\": [\""
                        + flow.kind().jsonName() + "\"]} to \"typeRules\", or remove the flow");
    }

    private static String type(TypeEnforcement types, Endpoint endpoint) {
        return endpoint.type() < 0 ? "no type" : types.types().get(endpoint.type());
    }

    static String names(TypeEnforcement types, java.util.List<Integer> indexes) {
        return Words.list(indexes.stream().map(types.types()::get).toList());
    }

    static String kinds(TypeRule rule) {
        return rule.kinds().size() == FlowKind.values().length
                ? "any kind"
                : Words.list(
                        rule.kinds().stream().sorted().map(FlowKind::jsonName).toList());
    }
}
