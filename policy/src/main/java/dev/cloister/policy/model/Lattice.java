package dev.cloister.policy.model;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * The order of labels: levels in a declared partial order, times sets of compartments.
 *
 * @param levels names of the levels; 1 to {@link #MAX_NAMES}
 * @param below for each level the bits of the levels that are it or below it, transitively; a partial order
 * @param compartments names of the compartments; at most {@link #MAX_NAMES}
 * @param position where the policy declares it
 */
public record Lattice(List<String> levels, List<Long> below, List<String> compartments, SourcePosition position) {
    /** The most levels, and the most compartments, that a policy may declare. */
    public static final int MAX_NAMES = 64;

    /** Copies the lists. */
    public Lattice {
        levels = List.copyOf(levels);
        below = List.copyOf(below);
        compartments = List.copyOf(compartments);
        if (below.size() != levels.size()) {
            throw new IllegalArgumentException(levels.size() + " levels but " + below.size() + " down-sets");
        }
    }

    /** Returns the order in which each level is below the next, lowest first. */
    public static Lattice chain(List<String> levels, List<String> compartments, SourcePosition position) {
        List<Long> below = new ArrayList<>();
        for (int i = 0; i < levels.size(); i++) {
            below.add(-1L >>> MAX_NAMES - 1 - i);
        }
        return new Lattice(levels, below, compartments, position);
    }

    /**
     * Returns a label of this order.
     *
     * @param level index of the level
     * @param compartmentBits bit {@code i} set: compartment {@code i}
     */
    public Label label(int level, long compartmentBits) {
        return new Label(level, below.get(level), compartmentBits);
    }

    /** Returns a label as people read it, such as {@code secret{ops,nuclear}} or {@code unclassified}. */
    public String format(Label label) {
        String level = levels.get(label.level());
        if (label.compartments() == 0) {
            return level;
        }
        StringJoiner names = new StringJoiner(",", level + "{", "}");
        for (int i = 0; i < compartments.size(); i++) {
            if ((label.compartments() >>> i & 1) != 0) {
                names.add(compartments.get(i));
            }
        }
        return names.toString();
    }
}
