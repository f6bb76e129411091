package dev.cloister.policy.decision;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;

/**
 * Decides. Every gate is asked, also after a refusal, so that a decision names all verdicts. {@link #evaluate}
 * allocates nothing: its result packs a {@link Reason} for each {@link Gate} and the flow into a {@code long}.
 */
public final class DecisionCore {
    private static final int REASON_BITS = 5;
    private static final long REASON_MASK = (1 << REASON_BITS) - 1;
    private static final Gate[] GATES = Gate.values();
    private static final Reason[] REASONS = Reason.values();
    private static final int FLOW_SHIFT = GATES.length * REASON_BITS;

    private DecisionCore() {}

    /** Decides on a request, whose indexes must be the policy's. History is read only: see {@link History#record}. */
    public static Decision decide(Policy policy, History history, Request request) {
        return new Decision(policy, request, evaluate(policy, history, request));
    }

    /** Decides on a request and returns the packed verdicts. */
    public static long evaluate(Policy policy, History history, Request request) {
        int flow = flow(policy, request);
        long packed = (long) (flow + 1) << FLOW_SHIFT;
        for (Gate gate : GATES) {
            packed |= (long) ask(gate, policy, history, request, flow).ordinal() << gate.ordinal() * REASON_BITS;
        }
        return packed;
    }

    /** Returns whether packed verdicts hold no refusal. */
    public static boolean granted(long packed) {
        for (Gate gate : GATES) {
            if (reason(packed, gate).outcome() == Outcome.REFUSE) {
                return false;
            }
        }
        return true;
    }

    /** Returns the flow's index in packed verdicts, or {@link Policy#NO_FLOW}. */
    public static int flow(long packed) {
        return (int) (packed >>> FLOW_SHIFT) - 1;
    }

    /** Returns one gate's reason in packed verdicts. */
    public static Reason reason(long packed, Gate gate) {
        return REASONS[(int) (packed >>> gate.ordinal() * REASON_BITS & REASON_MASK)];
    }

    private static int flow(Policy policy, Request request) {
        return switch (request) {
            case Request.Start _ -> Policy.NO_FLOW;
            case Request.Use use -> use.flow();
            case Request.Open open -> open.flow() == Request.ANY_FLOW ? search(policy, open) : named(policy, open);
        };
    }

    private static int search(Policy policy, Request.Open open) {
        return policy.findFlow(open.from(), open.to(), open.kind());
    }

    /** A named flow counts only if it is the one that joins these ends in this way. */
    private static int named(Policy policy, Request.Open open) {
        var flow = policy.flow(open.flow());
        boolean same = flow.from().index() == open.from() && flow.to().index() == open.to();
        return same && flow.kind() == open.kind() ? open.flow() : Policy.NO_FLOW;
    }

    private static Reason ask(Gate gate, Policy policy, History history, Request request, int flow) {
        return switch (gate) {
            case DECLARED -> declared(request, flow);
            case LABELS -> labels(policy, request);
            case TYPES, CONFLICTS, TIME_WINDOW -> Reason.UNRESTRICTED;
            case RATE -> rate(policy, history, request, flow);
            case MEASUREMENT -> measurement(policy, request);
        };
    }

    private static Reason declared(Request request, int flow) {
        if (request instanceof Request.Start) {
            return Reason.DOMAIN_DECLARED;
        }
        return flow == Policy.NO_FLOW ? Reason.FLOW_NOT_DECLARED : Reason.FLOW_DECLARED;
    }

    private static Reason labels(Policy policy, Request request) {
        return switch (request) {
            case Request.Start _ -> Reason.NOT_APPLICABLE;
            case Request.Open open -> labels(policy, open.from(), open.to());
            case Request.Use use -> {
                var flow = policy.flow(use.flow());
                yield labels(policy, flow.from().index(), flow.to().index());
            }
        };
    }

    private static Reason labels(Policy policy, int from, int to) {
        return switch (Mediation.of(policy, from, to)) {
            case DOMINATES -> Reason.DOMINATES;
            case GUARD_ACCEPTS -> Reason.GUARD_ACCEPTS;
            case GUARD_RELEASES -> Reason.GUARD_RELEASES;
            case FORBIDDEN -> Reason.LABELS_FORBID;
            case OUTSIDE_BOUNDS -> Reason.OUTSIDE_BOUNDS;
            case TWO_GUARDS -> Reason.TWO_GUARDS;
        };
    }

    private static Reason rate(Policy policy, History history, Request request, int flow) {
        return switch (request) {
            case Request.Start _ -> Reason.NOT_APPLICABLE;
            case Request.Open open -> {
                if (open.asker() != Request.BY_DAEMON && !history.askerHas(policy, open.asker(), open.nanos())) {
                    yield Reason.REQUEST_RATE_EXCEEDED;
                }
                yield flow == Policy.NO_FLOW ? Reason.NOT_APPLICABLE : bucket(policy, history, flow, 1, open.nanos());
            }
            case Request.Use use -> bucket(policy, history, use.flow(), use.units(), use.nanos());
        };
    }

    private static Reason bucket(Policy policy, History history, int flow, long units, long nanos) {
        if (policy.flow(flow).rate().isEmpty()) {
            return Reason.UNRESTRICTED;
        }
        return history.flowHas(policy, flow, units, nanos) ? Reason.WITHIN_RATE : Reason.FLOW_RATE_EXCEEDED;
    }

    private static Reason measurement(Policy policy, Request request) {
        return switch (request) {
            case Request.Start start ->
                start.presented().match(policy.domains().get(start.domain()))
                        ? Reason.MEASURED
                        : Reason.SENDER_NOT_MEASURED;
            case Request.Open open -> {
                if (!measured(policy.endpoint(open.from()), open.presented())) {
                    yield Reason.SENDER_NOT_MEASURED;
                }
                yield measured(policy.endpoint(open.to()), open.presented())
                        ? Reason.MEASURED
                        : Reason.RECEIVER_NOT_MEASURED;
            }
            // An open channel's ends were measured when it was opened; their images can't change while they run.
            case Request.Use _ -> Reason.NOT_APPLICABLE;
        };
    }

    private static boolean measured(Endpoint endpoint, Measurements presented) {
        return switch (endpoint) {
            case Domain domain -> presented.match(domain);
            case HostEndpoint _ -> true;
        };
    }
}
