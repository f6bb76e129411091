package dev.cloister.policy.language;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.TypeEnforcement;
import dev.cloister.policy.model.TypeRule;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Reads the types, the type of each endpoint, and the rules on types. */
final class TypeReader {
    /** The most type rules. */
    static final int MAX_RULES = 4096;

    private static final Set<String> RULE_FIELDS = Set.of("from", "to", "kinds");
    private static final String ALL = "*";
    private static final int KINDS = FlowKind.values().length;

    private final Names types = new Names("type");

    /** Reads the names of the types. */
    void names(Fields policy) {
        for (Json item : policy.items("types", false, TypeEnforcement.MAX_TYPES)) {
            types.add(policy.text(item, "types", TextForm.NAME), item, policy.problems());
        }
    }

    /** Reads the type of an endpoint, which it must have where the policy declares types. */
    int type(Fields owner) {
        Optional<Json> json = owner.optional("type");
        if (json.isPresent()) {
            return types.number(owner.text(json.get(), "type", TextForm.NAME), json.get(), owner.problems());
        }
        if (!types.all().isEmpty()) {
            owner.problems()
                    .errorAt(
                            FindingId.TYPE_MISSING,
                            owner.position().line(),
                            owner.position().column(),
                            owner.what() + " has no type",
                            "\"type\" in every domain and host resource of a policy with \"types\"",
                            "give it one of: " + Problems.shorten(String.join(", ", types.all())));
        }
        return Endpoint.NO_TYPE;
    }

    /** Reads the rules. */
    TypeEnforcement rules(Fields policy) {
        List<Integer> all = IntStream.range(0, types.all().size()).boxed().toList();
        List<TypeRule> rules = new ArrayList<>();
        for (Json item : policy.items("typeRules", false, MAX_RULES)) {
            Fields fields = policy.open(item, "a type rule", RULE_FIELDS);
            rules.add(new TypeRule(
                    rules.size(),
                    types(fields, "from", all),
                    types(fields, "to", all),
                    fields.required("kinds").map(json -> kinds(fields, json)).orElse(Set.of()),
                    fields.position()));
        }
        if (policy.problems().hasErrors()) {
            return TypeEnforcement.NONE;
        }
        return new TypeEnforcement(List.copyOf(types.all()), rules);
    }

    private List<Integer> types(Fields fields, String field, List<Integer> all) {
        Optional<Json> json = fields.required(field);
        if (json.isEmpty() || isAll(json.get())) {
            return all;
        }
        return fields.oneOrMore(json.get(), field, TypeEnforcement.MAX_TYPES).stream()
                .map(item -> types.number(fields.text(item, field, TextForm.NAME), item, fields.problems()))
                .distinct()
                .toList();
    }

    /** Reads kinds of flows: one, several, or {@code "*"}. */
    static Set<FlowKind> kinds(Fields fields, Json json) {
        if (isAll(json)) {
            return EnumSet.allOf(FlowKind.class);
        }
        Set<FlowKind> kinds = EnumSet.noneOf(FlowKind.class);
        for (Json item : fields.oneOrMore(json, "kinds", KINDS)) {
            fields.choice(item, "kinds", FlowKind.values(), FlowKind::jsonName).ifPresent(kinds::add);
        }
        return kinds;
    }

    private static boolean isAll(Json json) {
        return json instanceof Json.Text text && text.value().equals(ALL);
    }
}
