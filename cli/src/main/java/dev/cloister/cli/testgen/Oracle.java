package dev.cloister.cli.testgen;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;

/**
 * What the decision core says, asked in the daemon's order. Every image counts as measured, and so much time lies between two
 * questions that no rate refuses one: a probe that is told to wait asks again.
 */
final class Oracle {
    private static final long BETWEEN_NANOS = 10_000_000_000L;

    private final Policy policy;
    private final History history;
    private final Measurements measured;
    private final long openWindows;
    private long nanos;

    Oracle(Policy policy, long openWindows) {
        this.policy = policy;
        this.openWindows = openWindows;
        this.history = new History(policy, 0);
        this.measured = Measurements.asStated(policy);
    }

    /** May the domain start? */
    Decision start(Domain domain) {
        return decide(new Request.Start(domain.index(), measured, openWindows, later()));
    }

    /** May the daemon make the channel of a declared flow? */
    Decision open(Flow flow) {
        return decide(new Request.Open(
                flow.from().index(),
                flow.to().index(),
                flow.kind(),
                flow.index(),
                Request.BY_DAEMON,
                measured,
                openWindows,
                later()));
    }

    /** May a running domain have a channel that its guest asks for? */
    Decision ask(Domain asker, Endpoint from, Endpoint to, FlowKind kind) {
        return decide(new Request.Open(
                from.index(), to.index(), kind, Request.ANY_FLOW, asker.index(), measured, openWindows, later()));
    }

    private long later() {
        nanos += BETWEEN_NANOS;
        return nanos;
    }

    private Decision decide(Request request) {
        Decision decision = DecisionCore.decide(policy, history, request);
        DecisionCore.record(policy, history, request, decision.packed());
        return decision;
    }
}
