package dev.cloister.policy.reference;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.explain.Sequence;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Policy;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Lets events happen under the product's decision core, and answers in the reference's words. */
public final class CoreRunner implements Function<Event, Answer> {
    private final Policy policy;
    private final Instant loaded;
    private final Sequence sequence;

    /** Begins with a policy, the time of its load and what the monotonic clock shows then. */
    public CoreRunner(Policy policy, Instant loaded, long base) {
        this.policy = policy;
        this.loaded = loaded;
        this.sequence = new Sequence(policy, loaded, base);
    }

    @Override
    public Answer apply(Event event) {
        return switch (event) {
            case Event.Start start ->
                policy.domain(start.domain())
                        .map(domain -> answer(sequence.start(domain), Set.of()))
                        .orElse(Answer.NOTHING);
            case Event.Stop stop -> {
                policy.domain(stop.domain()).ifPresent(sequence::stop);
                yield Answer.NOTHING;
            }
            case Event.Open open -> open(open);
            case Event.Close close -> {
                policy.flow(close.flow()).ifPresent(sequence::close);
                yield Answer.NOTHING;
            }
            case Event.Use use ->
                policy.flow(use.flow())
                        .map(flow -> answer(sequence.use(flow, use.units()), Set.of()))
                        .orElse(Answer.NOTHING);
            case Event.Pass pass -> {
                Set<String> ended = new TreeSet<>();
                sequence.advance(pass.after(sequence.now(), loaded), (_, name) -> ended.add(name));
                yield new Answer(Map.of(), "", Set.of(), ended);
            }
            case Event.Measure measure -> {
                policy.endpoint(measure.endpoint()).ifPresent(endpoint -> measure(endpoint, measure.digests()));
                yield Answer.NOTHING;
            }
            case Event.Contact contact -> {
                contact(contact);
                yield Answer.NOTHING;
            }
        };
    }

    private void measure(Endpoint endpoint, Map<String, String> digests) {
        switch (endpoint) {
            case Domain domain ->
                sequence.measure(
                        domain,
                        digests.getOrDefault("kernel", ""),
                        digests.getOrDefault("firmware", ""),
                        digests.getOrDefault("initrd", ""));
            case HostEndpoint host -> sequence.measure(host, digests.getOrDefault("sha256", ""));
        }
    }

    private void contact(Event.Contact contact) {
        boolean anyOpen =
                policy.flows().stream().anyMatch(flow -> sequence.history().isOpen(flow.index()));
        Optional<Endpoint> endpoint = policy.endpoint(contact.endpoint());
        for (ConflictSet set : policy.conflicts()) {
            for (ConflictSet.Party party : set.parties()) {
                boolean meant = set.name().equals(contact.set()) && party.name().equals(contact.party());
                if (meant && !anyOpen && endpoint.isPresent()) {
                    sequence.contact(set.index(), endpoint.get(), party.index());
                }
            }
        }
    }

    private Answer open(Event.Open open) {
        Optional<Endpoint> from = policy.endpoint(open.from());
        Optional<Endpoint> to = policy.endpoint(open.to());
        Optional<Flow> flow = open.flow().flatMap(policy::flow);
        Optional<Domain> asker = open.asker().flatMap(policy::domain);
        boolean known = from.isPresent()
                && to.isPresent()
                && flow.isPresent() == open.flow().isPresent()
                && asker.isPresent() == open.asker().isPresent();
        if (!known) {
            return Answer.NOTHING;
        }
        Set<String> made = new TreeSet<>();
        Decision decision = sequence.open(
                from.get(),
                to.get(),
                FlowKind.valueOf(open.kind().toUpperCase(Locale.ROOT)),
                flow,
                asker,
                (set, endpoint, party) -> made.add(name(set, endpoint, party)));
        return answer(decision, made);
    }

    private String name(int set, int endpoint, int party) {
        ConflictSet conflict = policy.conflicts().get(set);
        return conflict.name() + ":" + policy.endpoint(endpoint).name() + "="
                + conflict.parties().get(party).name();
    }

    private static Answer answer(Decision decision, Set<String> made) {
        Map<String, String> reasons = new LinkedHashMap<>();
        for (Gate gate : Gate.values()) {
            Reason reason = decision.reason(gate);
            reasons.put(gate.jsonName(), reason.name());
            if (!Answer.outcome(reason.name()).equals(reason.outcome().jsonName())) {
                throw new AssertionError(reason + " amounts to " + reason.outcome());
            }
        }
        Answer answer = new Answer(reasons, decision.flow().map(Flow::name).orElse(""), made, Set.of());
        if (answer.granted() != decision.granted()) {
            throw new AssertionError("granted is " + decision.granted() + " but the reasons are " + reasons);
        }
        return answer;
    }
}
