package dev.cloister.policy.model;

import java.util.Set;

/**
 * What must confine every VMM process, or the daemon refuses to start.
 *
 * @param require what can't be done without
 * @param position where the policy says so, or where it begins
 */
public record ConfinementRule(Set<Protection> require, SourcePosition position) {
    /** Copies the set. */
    public ConfinementRule {
        require = Set.copyOf(require);
    }

    /** Returns what holds where a policy says nothing. */
    public static ConfinementRule usual(SourcePosition position) {
        return new ConfinementRule(Set.of(Protection.SECCOMP), position);
    }
}
