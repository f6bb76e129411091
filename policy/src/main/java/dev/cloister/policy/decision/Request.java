package dev.cloister.policy.decision;

import dev.cloister.policy.model.FlowKind;

/**
 * What is asked. Time comes in with the request: nanoseconds of one monotonic clock, the same for all requests, and the windows
 * of the policy that are open: bit {@code i} is set while window {@code i} is. Indexes are the policy's.
 */
public sealed interface Request {
    /** Stands for "any declared flow of that kind". */
    int ANY_FLOW = -1;

    /** Stands for the policy daemon where an asking domain is expected. */
    int BY_DAEMON = -1;

    /** Returns the monotonic time in nanoseconds. */
    long nanos();

    /** Returns the windows that are open. */
    long openWindows();

    /** May the domain start with the images measured? */
    record Start(int domain, Measurements presented, long openWindows, long nanos) implements Request {}

    /**
     * May a channel be opened between two endpoints? {@code flow} is the flow where one is meant, else {@link #ANY_FLOW};
     * {@code asker} the domain that asks, or {@link #BY_DAEMON}.
     */
    record Open(
            int from, int to, FlowKind kind, int flow, int asker, Measurements presented, long openWindows, long nanos)
            implements Request {}

    /** May so many units (signals of an event, else bytes; 0 or more) pass on the open channel of a flow? */
    record Use(int flow, long units, long openWindows, long nanos) implements Request {}
}
