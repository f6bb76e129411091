package dev.cloister.policy.model;

/**
 * A security label: a level of a total order and a set of compartments. Labels form a lattice.
 *
 * @param level index into {@link Lattice#levels()}, 0 is the lowest
 * @param compartments bit {@code i} set: compartment {@code i} of {@link Lattice#compartments()}
 */
public record Label(int level, long compartments) {
    /**
     * Returns whether this label dominates the other: its level is at least as high and it has all its compartments.
     * Information may move to a label that dominates its own.
     */
    public boolean dominates(Label other) {
        return level >= other.level && (other.compartments & ~compartments) == 0;
    }
}
