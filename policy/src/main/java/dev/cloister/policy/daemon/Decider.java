package dev.cloister.policy.daemon;

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
import java.util.Optional;

/** Feeds the decision core: keeps its history and the measurements that were really made. Loop's thread only. */
final class Decider {
    /** Until windows are watched, none is open. */
    private static final long NO_WINDOWS = 0;

    private final Policy policy;
    private final History history;
    private Measurements measured = Measurements.none();

    Decider(Policy policy) {
        this.policy = policy;
        this.history = new History(policy, System.nanoTime());
    }

    /** May the domain start with the images measured? Remembers them if so. */
    Decision start(Domain domain, String kernel, Optional<String> initrd) {
        Measurements presented = measured.with(domain, kernel, "", initrd.orElse(""));
        Decision decision = decide(new Request.Start(domain.index(), presented, NO_WINDOWS, System.nanoTime()));
        if (decision.granted()) {
            measured = presented;
        }
        return decision;
    }

    /** May the channel of a declared flow be made, as part of the start? */
    Decision open(Flow flow) {
        return decide(new Request.Open(
                flow.from().index(),
                flow.to().index(),
                flow.kind(),
                flow.index(),
                Request.BY_DAEMON,
                measured,
                NO_WINDOWS,
                System.nanoTime()));
    }

    /** May a running domain have a channel that its guest asks for? */
    Decision open(Domain asker, Endpoint from, Endpoint to, FlowKind kind) {
        return decide(new Request.Open(
                from.index(),
                to.index(),
                kind,
                Request.ANY_FLOW,
                asker.index(),
                measured,
                NO_WINDOWS,
                System.nanoTime()));
    }

    private Decision decide(Request request) {
        Decision decision = DecisionCore.decide(policy, history, request);
        DecisionCore.record(policy, history, request, decision.packed());
        return decision;
    }
}
