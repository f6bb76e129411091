package dev.cloister.policy.model;

/**
 * A security label: a level of a partial order and a set of compartments. Made by {@link Lattice#label}.
 *
 * @param level index into {@link Lattice#levels()}
 * @param below bit {@code i} set: level {@code i} is this level or below it
 * @param compartments bit {@code i} set: compartment {@code i} of {@link Lattice#compartments()}
 */
public record Label(int level, long below, long compartments) {
    /**
     * Returns whether this label dominates the other: the other's level is this one or below it, and this label has all the
     * other's compartments. Information may move to a label that dominates its own.
     */
    public boolean dominates(Label other) {
        return (below >>> other.level & 1) != 0 && (other.compartments & ~compartments) == 0;
    }
}
