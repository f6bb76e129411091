package dev.cloister.policy.analysis.graph;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which edges of the {@link FlowGraph} a question is about.
 *
 * @param classes the classes that count
 * @param mediated whether edges count that only a guard makes legal
 */
public record EdgeSet(Set<EdgeClass> classes, boolean mediated) {
    /** Declared flows: what {@code must} looks at. */
    public static final EdgeSet DECLARED = new EdgeSet(EnumSet.of(EdgeClass.DECLARED), true);

    /** Declared flows and reverse edges without a budget: what {@code never} and {@code unlessVia} look at. */
    public static final EdgeSet DEFINITE =
            new EdgeSet(EnumSet.of(EdgeClass.DECLARED, EdgeClass.INDUCED_LEGAL, EdgeClass.INDUCED_UNBUDGETED), true);

    /** {@link #DEFINITE}, budgeted reverse edges and accepted sharing: what strict assertions look at. */
    public static final EdgeSet STRICT =
            new EdgeSet(EnumSet.complementOf(EnumSet.of(EdgeClass.SHARED_UNDECLARED)), true);

    /** Every edge. */
    public static final EdgeSet ALL = new EdgeSet(EnumSet.allOf(EdgeClass.class), true);

    /** Copies the set. */
    public EdgeSet {
        classes = Set.copyOf(classes);
    }

    /** Returns the set without the edges that only a guard makes legal: what noninterference looks at. */
    public EdgeSet unmediated() {
        return new EdgeSet(classes, false);
    }

    /** Returns the set with one more class. */
    public EdgeSet with(EdgeClass more) {
        EnumSet<EdgeClass> all = EnumSet.of(more);
        all.addAll(classes);
        return new EdgeSet(all, mediated);
    }

    /** Returns bits for {@link #code}: bit {@code c} set: edges of code {@code c} count. */
    int mask() {
        int mask = 0;
        for (EdgeClass edgeClass : classes) {
            mask |= 1 << code(edgeClass, false);
            if (mediated) {
                mask |= 1 << code(edgeClass, true);
            }
        }
        return mask;
    }

    /** Returns what an edge's class and mediation are stored as: 0 to 15. */
    static int code(EdgeClass edgeClass, boolean mediated) {
        return edgeClass.ordinal() << 1 | (mediated ? 1 : 0);
    }
}
