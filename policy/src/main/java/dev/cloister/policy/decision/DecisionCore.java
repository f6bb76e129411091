package dev.cloister.policy.decision;

import dev.cloister.policy.history.History;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.When;
import java.util.Optional;

/**
 * Decides. Every gate is asked, also after a refusal, so that a decision names all verdicts. {@link #evaluate} and
 * {@link #record} allocate nothing: the verdicts are a {@link Reason} for each {@link Gate} and the flow, packed into a {@code long}.
 */
public final class DecisionCore {
    private static final int REASON_BITS = 6;
    private static final long REASON_MASK = (1 << REASON_BITS) - 1;
    private static final int LAST_THAT_PASSES = Reason.MEASURED.ordinal();
    private static final Reason[] REASONS = Reason.values();
    private static final int FLOW_SHIFT = Gate.values().length * REASON_BITS;

    private DecisionCore() {}

    /** Decides on a request, whose indexes must be the policy's. History is only read: see {@link #record}. */
    public static Decision decide(Policy policy, History history, Request request) {
        return new Decision(policy, history, request, evaluate(policy, history, request));
    }

    /** Decides on a request and returns the packed verdicts. */
    public static long evaluate(Policy policy, History history, Request request) {
        return switch (request) {
            case Request.Start start -> start(policy, history, start);
            case Request.Open open -> open(policy, history, open, find(policy, open));
            case Request.Use use -> use(policy, history, use, policy.flow(use.flow()));
        };
    }

    /** Takes the tokens and quotas that a decision used. Call it once for each decision, with what was decided. */
    public static void record(Policy policy, History history, Request request, long packed) {
        // A refusal uses the asker's token as well: asking is what is limited.
        if (request instanceof Request.Open open && open.asker() != Request.BY_DAEMON) {
            history.asked(open.asker(), open.nanos());
        }
        if (granted(packed)) {
            switch (request) {
                case Request.Start _ -> {}
                case Request.Open open -> history.passed(policy.flow(flow(packed)), 1, 0, open.nanos());
                case Request.Use use -> history.passed(policy.flow(use.flow()), use.units(), use.units(), use.nanos());
            }
        }
    }

    /** Returns whether packed verdicts hold no refusal. */
    public static boolean granted(long packed) {
        for (int shift = 0; shift < FLOW_SHIFT; shift += REASON_BITS) {
            if ((packed >>> shift & REASON_MASK) > LAST_THAT_PASSES) {
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

    private static long at(Gate gate, Reason reason) {
        return (long) reason.ordinal() << gate.ordinal() * REASON_BITS;
    }

    private static long start(Policy policy, History history, Request.Start start) {
        Domain domain = policy.domains().get(start.domain());
        boolean measured = start.presented().match(start.domain());
        return at(Gate.DECLARED, Reason.DOMAIN_DECLARED)
                | at(Gate.LABELS, Reason.NOT_APPLICABLE)
                | at(Gate.TYPES, Reason.NOT_APPLICABLE)
                | at(Gate.CONFLICTS, running(policy, history, start.domain()))
                | at(Gate.TIME_WINDOW, window(domain.lifecycle().when(), start.openWindows()))
                | at(Gate.RATE, Reason.NOT_APPLICABLE)
                | at(Gate.MEASUREMENT, measured ? Reason.MEASURED : Reason.SENDER_NOT_MEASURED);
    }

    private static long open(Policy policy, History history, Request.Open open, int index) {
        Reason declared = Reason.FLOW_NOT_DECLARED;
        Reason window = Reason.NOT_APPLICABLE;
        Reason rate = Reason.NOT_APPLICABLE;
        if (index != Policy.NO_FLOW) {
            Flow flow = policy.flow(index);
            declared = declared(flow);
            window = window(flow.limits().when(), open.openWindows());
            rate = meters(policy, history, flow, 1, 0, open.nanos());
        }
        if (open.asker() != Request.BY_DAEMON && !history.mayAsk(open.asker(), open.nanos())) {
            rate = Reason.REQUEST_RATE_EXCEEDED;
        }
        return (long) (index + 1) << FLOW_SHIFT
                | at(Gate.DECLARED, declared)
                | at(Gate.LABELS, labels(policy, open.from(), open.to()))
                | at(Gate.TYPES, types(policy, open.from(), open.to(), open.kind()))
                | at(Gate.CONFLICTS, contacts(policy, history, open.from(), open.to()))
                | at(Gate.TIME_WINDOW, window)
                | at(Gate.RATE, rate)
                | at(Gate.MEASUREMENT, measured(policy, open));
    }

    private static long use(Policy policy, History history, Request.Use use, Flow flow) {
        int from = flow.from().index();
        int to = flow.to().index();
        // The channel is open: contacts were made and its ends measured when it was opened.
        return (long) (use.flow() + 1) << FLOW_SHIFT
                | at(Gate.DECLARED, declared(flow))
                | at(Gate.LABELS, labels(policy, from, to))
                | at(Gate.TYPES, types(policy, from, to, flow.kind()))
                | at(Gate.CONFLICTS, Reason.NOT_APPLICABLE)
                | at(Gate.TIME_WINDOW, window(flow.limits().when(), use.openWindows()))
                | at(Gate.RATE, meters(policy, history, flow, use.units(), use.units(), use.nanos()))
                | at(Gate.MEASUREMENT, Reason.NOT_APPLICABLE);
    }

    /** A named flow counts only if it is the one that joins these ends in this way. */
    private static int find(Policy policy, Request.Open open) {
        if (open.flow() == Request.ANY_FLOW) {
            return policy.findFlow(open.from(), open.to(), open.kind());
        }
        Flow flow = policy.flow(open.flow());
        boolean same = flow.from().index() == open.from() && flow.to().index() == open.to();
        return same && flow.kind() == open.kind() ? open.flow() : Policy.NO_FLOW;
    }

    private static Reason declared(Flow flow) {
        return flow.forbidden().isPresent() ? Reason.FLOW_FORBIDDEN : Reason.FLOW_DECLARED;
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

    private static Reason types(Policy policy, int from, int to, FlowKind kind) {
        if (!policy.types().active()) {
            return Reason.UNRESTRICTED;
        }
        boolean allowed = policy.types()
                .allows(policy.endpoint(from).type(), policy.endpoint(to).type(), kind);
        return allowed ? Reason.TYPE_ALLOWED : Reason.TYPE_FORBIDS;
    }

    private static Reason running(Policy policy, History history, int domain) {
        Reason reason = Reason.UNRESTRICTED;
        for (int set = 0; set < policy.conflicts().size(); set++) {
            int party = history.party(set, domain);
            if (policy.conflicts().get(set).mode() == ConflictSet.Mode.CONCURRENT && party >= 0) {
                if (history.othersRun(set, party)) {
                    return Reason.PARTY_RUNS;
                }
                reason = Reason.NO_CONFLICT;
            }
        }
        return reason;
    }

    private static Reason contacts(Policy policy, History history, int from, int to) {
        Reason reason = Reason.UNRESTRICTED;
        for (int set = 0; set < policy.conflicts().size(); set++) {
            boolean historic = policy.conflicts().get(set).mode() == ConflictSet.Mode.HISTORIC;
            if (historic && history.concerns(set, from, to)) {
                if (history.meets(set, from, to)) {
                    return Reason.HISTORY_FORBIDS;
                }
                reason = Reason.NO_CONFLICT;
            }
        }
        return reason;
    }

    private static Reason window(When when, long openWindows) {
        if (!when.restricted()) {
            return Reason.UNRESTRICTED;
        }
        return when.open(openWindows) ? Reason.WINDOW_OPEN : Reason.WINDOW_CLOSED;
    }

    private static Reason meters(Policy policy, History history, Flow flow, long tokens, long units, long nanos) {
        if (!history.hasTokens(flow, tokens, nanos)) {
            return Reason.FLOW_RATE_EXCEEDED;
        }
        Optional<Quota> quota = flow.limits().quota();
        if (quota.isPresent() && units > quota.get().amount() - history.used(flow, quota.get(), nanos)) {
            return Reason.FLOW_QUOTA_EXCEEDED;
        }
        Optional<Quota> guard = policy.releaseQuota(flow);
        int from = flow.from().index();
        if (guard.isPresent() && units > guard.get().amount() - history.usedByGuard(from, guard.get(), nanos)) {
            return Reason.GUARD_QUOTA_EXCEEDED;
        }
        if (quota.isPresent() || guard.isPresent()) {
            return Reason.WITHIN_QUOTA;
        }
        return flow.rate().isPresent() ? Reason.WITHIN_RATE : Reason.UNRESTRICTED;
    }

    /** Of host endpoints only a disk with a digest is measured, and only as a sender. */
    private static Reason measured(Policy policy, Request.Open open) {
        Reason missing = switch (policy.endpoint(open.from())) {
            case Domain _ -> Reason.SENDER_NOT_MEASURED;
            case HostEndpoint h
            when h.object() instanceof HostObject.Disk d && d.sha256().isPresent() -> Reason.DISK_NOT_MEASURED;
            case HostEndpoint _ -> Reason.MEASURED;
        };
        if (missing != Reason.MEASURED && !open.presented().match(open.from())) {
            return missing;
        }
        boolean receiver = policy.endpoint(open.to()) instanceof Domain
                && !open.presented().match(open.to());
        return receiver ? Reason.RECEIVER_NOT_MEASURED : Reason.MEASURED;
    }
}
