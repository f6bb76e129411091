package dev.cloister.policy.analysis.graph;

/** Where an edge of the {@link FlowGraph} comes from, and how much of a permission it is. */
public enum EdgeClass {
    /** A declared flow that every static gate lets pass: not forbidden, labels or a guard, types. */
    DECLARED("declared"),
    /** The reverse edge of a flow, which the labels or a guard allow; without a budget. */
    INDUCED_LEGAL("induced, allowed by labels"),
    /** The reverse edge of a flow that declares a back-channel budget. */
    INDUCED_BUDGETED("induced, budgeted"),
    /** The reverse edge of a flow, which nothing allows. */
    INDUCED_UNBUDGETED("induced, without budget"),
    /** A shared resource that a residual risk in force names. */
    SHARED_ACCEPTED("shared, accepted"),
    /** A shared resource that no residual risk in force names. */
    SHARED_UNDECLARED("shared, undeclared");

    private final String words;

    EdgeClass(String words) {
        this.words = words;
    }

    /** Returns the class as people read it, such as {@code induced, budgeted}. */
    public String words() {
        return words;
    }

    /** Returns whether edges of this class come from shared resources. */
    public boolean shared() {
        return this == SHARED_ACCEPTED || this == SHARED_UNDECLARED;
    }

    /** Returns whether edges of this class are reverse edges of flows. */
    public boolean induced() {
        return this == INDUCED_LEGAL || this == INDUCED_BUDGETED || this == INDUCED_UNBUDGETED;
    }
}
