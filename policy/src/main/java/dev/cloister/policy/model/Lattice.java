package dev.cloister.policy.model;

import java.util.List;
import java.util.StringJoiner;

/**
 * The lattice of a policy.
 *
 * @param levels names of the levels, lowest first; 1 to 64
 * @param compartments names of the compartments; at most 64
 * @param position where the policy declares it
 */
public record Lattice(List<String> levels, List<String> compartments, SourcePosition position) {
    /** The most levels, and the most compartments, that a policy may declare. */
    public static final int MAX_NAMES = 64;

    /** Copies the lists. */
    public Lattice {
        levels = List.copyOf(levels);
        compartments = List.copyOf(compartments);
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
