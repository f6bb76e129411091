package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Endpoint;

/**
 * How fast information may leak from one endpoint to another although the labels forbid it.
 *
 * @param from the sender
 * @param to the receiver, whose label doesn't dominate the sender's
 * @param bitsPerSecond the most that can pass; meaningless if {@code unbounded}
 * @param unbounded whether some way has no bound
 * @param exact whether it is the maximum flow; else an upper bound of that
 * @param path a path that carries most of it
 */
public record CovertPair(
        Endpoint from, Endpoint to, long bitsPerSecond, boolean unbounded, boolean exact, FlowPath path) {
    /** Returns the rate in words, such as {@code 9 bits/s}, {@code <= 40 bits/s} or {@code unbounded}. */
    public String rate() {
        return unbounded ? "unbounded" : (exact ? "" : "<= ") + bitsPerSecond + " bits/s";
    }
}
