package dev.cloister.policy.model;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Type enforcement: which type may send which kind to which. Immutable; lookups allocate nothing.
 */
public final class TypeEnforcement {
    /** The most types of a policy. */
    public static final int MAX_TYPES = 1024;

    /** No types: the gate doesn't restrict. */
    public static final TypeEnforcement NONE = new TypeEnforcement(List.of(), List.of());

    private static final int KINDS = FlowKind.values().length;

    private final List<String> types;
    private final List<TypeRule> rules;
    private final BitSet[] allowed;

    /**
     * Compiles rules.
     *
     * @param types names of the types
     * @param rules what is allowed; what no rule allows is forbidden
     */
    public TypeEnforcement(List<String> types, List<TypeRule> rules) {
        this.types = List.copyOf(types);
        this.rules = List.copyOf(rules);
        this.allowed = new BitSet[types.size() * KINDS];
        Arrays.setAll(allowed, _ -> new BitSet());
        for (TypeRule rule : rules) {
            for (int from : rule.from()) {
                rule.kinds().forEach(kind -> rule.to().forEach(allowed[row(from, kind)]::set));
            }
        }
    }

    /** Returns the names of the types. */
    public List<String> types() {
        return types;
    }

    /** Returns the rules in declared order. */
    public List<TypeRule> rules() {
        return rules;
    }

    /** Returns whether the policy declares types, so that the gate restricts. */
    public boolean active() {
        return !types.isEmpty();
    }

    /** Returns whether some rule allows that kind between endpoints of those types; always if not {@link #active()}. */
    public boolean allows(int fromType, int toType, FlowKind kind) {
        return !active() || fromType >= 0 && toType >= 0 && allowed[row(fromType, kind)].get(toType);
    }

    /** Returns the first rule that allows it. */
    public Optional<TypeRule> rule(int fromType, int toType, FlowKind kind) {
        return rules.stream()
                .filter(rule -> rule.allows(fromType, toType, kind))
                .findFirst();
    }

    private static int row(int type, FlowKind kind) {
        return type * KINDS + kind.ordinal();
    }
}
