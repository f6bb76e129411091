package dev.cloister.policy.model;

/** One side of a flow: a domain or a host resource. */
public sealed interface Endpoint permits Domain, HostEndpoint {
    /** What {@link #type()} returns where the policy declares no types. */
    int NO_TYPE = -1;

    /** Returns the dense number of the endpoint in its policy: domains come first, then host resources. */
    int index();

    /** Returns the name by which flows refer to it. */
    String name();

    /** Returns its label. */
    Label label();

    /** Returns the index of its type in {@link TypeEnforcement#types()}, or {@link #NO_TYPE}. */
    int type();

    /** Returns where the policy declares it. */
    SourcePosition position();
}
