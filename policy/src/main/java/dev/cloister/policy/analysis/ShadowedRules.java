package dev.cloister.policy.analysis;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.TypeEnforcement;
import dev.cloister.policy.model.TypeRule;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/** Type rules that allow nothing that another rule doesn't allow as well. */
final class ShadowedRules {
    private ShadowedRules() {}

    /** A rule with its types as bits, so that comparing is cheap. */
    private record Bits(TypeRule rule, BitSet from, BitSet to) {
        static Bits of(TypeRule rule) {
            BitSet from = new BitSet();
            BitSet to = new BitSet();
            rule.from().forEach(from::set);
            rule.to().forEach(to::set);
            return new Bits(rule, from, to);
        }

        /** Whether it allows all that the other allows. Of two equal rules the earlier one does. */
        boolean shadows(Bits other) {
            boolean covers = contains(from, other.from)
                    && contains(to, other.to)
                    && rule.kinds().containsAll(other.rule.kinds());
            return covers && (rule.index() < other.rule.index() || !other.equalTo(this));
        }

        private boolean equalTo(Bits other) {
            return from.equals(other.from)
                    && to.equals(other.to)
                    && rule.kinds().equals(other.rule.kinds());
        }

        private static boolean contains(BitSet all, BitSet some) {
            BitSet rest = (BitSet) some.clone();
            rest.andNot(all);
            return rest.isEmpty();
        }
    }

    static void report(Policy policy, Findings out) {
        TypeEnforcement types = policy.types();
        List<Bits> rules = types.rules().stream().map(Bits::of).toList();
        Set<TypesAnalysis.Use> uses = rules.size() < 2 ? Set.of() : TypesAnalysis.uses(policy);
        for (Bits shadowed : rules) {
            rules.stream()
                    .filter(other -> other != shadowed && other.shadows(shadowed))
                    .findFirst()
                    .filter(_ -> used(shadowed.rule(), uses))
                    .ifPresent(other -> out.note(
                            FindingId.RULE_SHADOWED,
                            shadowed.rule().position(),
                            "the type rule from "
                                    + TypesAnalysis.names(types, shadowed.rule().from()) + " to "
                                    + TypesAnalysis.names(types, shadowed.rule().to()) + " for "
                                    + TypesAnalysis.kinds(shadowed.rule()) + " adds nothing: the rule at "
                                    + other.rule().position() + " allows all of it",
                            "remove it, or narrow the other rule"));
        }
    }

    /** A rule that no flow uses is reported for that. */
    private static boolean used(TypeRule rule, Set<TypesAnalysis.Use> uses) {
        return uses.stream().anyMatch(use -> rule.allows(use.from(), use.to(), use.kind()));
    }
}
