package dev.cloister.policy.decision;

import dev.cloister.policy.model.FlowKind;

/** What is asked. Time comes in with the request: nanoseconds of one monotonic clock, the same for all requests. */
public sealed interface Request {
    /** Stands for "any declared flow of that kind". */
    int ANY_FLOW = -1;

    /** Stands for the policy daemon where an asking domain is expected. */
    int BY_DAEMON = -1;

    /** Returns the monotonic time in nanoseconds. */
    long nanos();

    /**
     * May this domain start with these images?
     *
     * @param domain the domain's index
     * @param presented the digests measured
     * @param nanos monotonic time
     */
    record Start(int domain, Measurements presented, long nanos) implements Request {}

    /**
     * May a channel be opened?
     *
     * @param from the sender's index
     * @param to the receiver's index
     * @param kind the kind
     * @param flow the flow's index where one is meant, else {@link #ANY_FLOW}
     * @param asker index of the domain that asks, or {@link #BY_DAEMON}
     * @param presented the digests measured
     * @param nanos monotonic time
     */
    record Open(int from, int to, FlowKind kind, int flow, int asker, Measurements presented, long nanos)
            implements Request {}

    /**
     * May so much pass on an open channel?
     *
     * @param flow the flow's index
     * @param units doorbells for an event, bytes for a stream or console
     * @param nanos monotonic time
     */
    record Use(int flow, long units, long nanos) implements Request {}
}
