package dev.cloister.policy.model;

import java.util.List;
import java.util.Set;

/**
 * Allows senders of some types to send some kinds to receivers of some types.
 *
 * @param index dense number, also the index into {@link TypeEnforcement#rules()}
 * @param from types of the sender
 * @param to types of the receiver
 * @param kinds kinds of channel
 * @param position where the policy declares it
 */
public record TypeRule(int index, List<Integer> from, List<Integer> to, Set<FlowKind> kinds, SourcePosition position) {
    /** Copies the collections. */
    public TypeRule {
        from = List.copyOf(from);
        to = List.copyOf(to);
        kinds = Set.copyOf(kinds);
    }

    /** Returns whether it allows that kind between endpoints of those types. */
    public boolean allows(int fromType, int toType, FlowKind kind) {
        return kinds.contains(kind) && from.contains(fromType) && to.contains(toType);
    }
}
