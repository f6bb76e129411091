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

    /** May the domain with that index start with the images measured? */
    record Start(int domain, Measurements presented, long nanos) implements Request {}

    /**
     * May a channel be opened between the endpoints with those indexes? {@code flow} is the flow's index where one is
     * meant, else {@link #ANY_FLOW}; {@code asker} the index of the domain that asks, or {@link #BY_DAEMON}.
     */
    record Open(int from, int to, FlowKind kind, int flow, int asker, Measurements presented, long nanos)
            implements Request {}

    /** May so many units (doorbells of an event, bytes of a stream or console) pass on the open channel of a flow? */
    record Use(int flow, long units, long nanos) implements Request {}
}
