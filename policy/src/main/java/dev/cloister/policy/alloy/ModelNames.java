package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.TypeRule;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Alloy names for what a policy names. They begin with a letter for their sort, so that they are neither words of Alloy nor
 * names of the fixed part; characters that Alloy doesn't know become {@code _}, and what is then no longer unique gets a number.
 */
final class ModelNames {
    private final Set<String> taken = new HashSet<>();
    private final Map<Object, String> names = new HashMap<>();
    private final Map<Label, String> labels = new LinkedHashMap<>();

    private record Level(int index) {}

    private record Compartment(int index) {}

    private record Type(int index) {}

    ModelNames(Policy policy) {
        var lattice = policy.lattice();
        for (int i = 0; i < lattice.levels().size(); i++) {
            put(new Level(i), "L_" + lattice.levels().get(i));
        }
        for (int i = 0; i < lattice.compartments().size(); i++) {
            put(new Compartment(i), "C_" + lattice.compartments().get(i));
        }
        for (int i = 0; i < policy.types().types().size(); i++) {
            put(new Type(i), "T_" + policy.types().types().get(i));
        }
        policy.endpoints()
                .forEach(endpoint ->
                        put(endpoint, prefix(endpoint) + endpoint.name().replace("@", "")));
        policy.flows().forEach(flow -> put(flow, "F_" + flow.name()));
        policy.types().rules().forEach(rule -> put(rule, "TypeRule_" + (rule.index() + 1)));
        policy.conflicts().forEach(this::put);
        policy.assertions().forEach(assertion -> put(assertion, assertion(assertion)));
        policy.residualRisks().forEach(risk -> put(risk, "Risk_" + (risk.index() + 1)));
        policy.endpoints().forEach(endpoint -> put(policy, endpoint.label()));
        policy.guards().forEach(guard -> {
            put(policy, guard.from());
            put(policy, guard.to());
        });
    }

    private static String prefix(Endpoint endpoint) {
        return endpoint instanceof Domain ? "D_" : "H_";
    }

    private static String assertion(Assertion assertion) {
        String number = "A_" + (assertion.index() + 1);
        return assertion.name().isEmpty() ? number : number + "_" + assertion.name();
    }

    private void put(ConflictSet set) {
        put(set, "S_" + set.name());
        set.parties().forEach(party -> put(party, "P_" + set.name() + "_" + party.name()));
    }

    private void put(Policy policy, Label label) {
        if (!labels.containsKey(label)) {
            labels.put(label, unique("Label_" + policy.lattice().format(label).replace("}", "")));
        }
    }

    private void put(Object key, String wanted) {
        names.put(key, unique(wanted));
    }

    /** Returns a name of this form that nothing has yet. */
    String unique(String wanted) {
        String plain = wanted.replaceAll("[^A-Za-z0-9_]", "_");
        String name = plain;
        for (int i = 2; !taken.add(name); i++) {
            name = plain + "__" + i;
        }
        return name;
    }

    /** Returns the labels that endpoints and guards bear, with their names. */
    Map<Label, String> labels() {
        return labels;
    }

    String level(int index) {
        return get(new Level(index));
    }

    String compartment(int index) {
        return get(new Compartment(index));
    }

    String type(int index) {
        return get(new Type(index));
    }

    String label(Label label) {
        return found(labels.get(label), label);
    }

    String of(Endpoint endpoint) {
        return get(endpoint);
    }

    String of(Flow flow) {
        return get(flow);
    }

    String of(TypeRule rule) {
        return get(rule);
    }

    String of(ConflictSet set) {
        return get(set);
    }

    String of(ConflictSet.Party party) {
        return get(party);
    }

    String of(Assertion assertion) {
        return get(assertion);
    }

    String of(ResidualRisk risk) {
        return get(risk);
    }

    private String get(Object key) {
        return found(names.get(key), key);
    }

    private static String found(@org.jspecify.annotations.Nullable String name, Object key) {
        if (name == null) {
            throw new IllegalArgumentException("not of this policy: " + key);
        }
        return name;
    }
}
