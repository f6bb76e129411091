package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.util.Arrays;
import java.util.List;

/** Puts a decision into words: each gate's verdict with its reason and the rule's position. Thread-safe. */
public final class Explanation {
    private final Decision decision;
    private final Policy policy;

    private Explanation(Decision decision) {
        this.decision = decision;
        this.policy = decision.policy();
    }

    /** Explains a decision; words are made when they are asked for. */
    public static Explanation of(Decision decision) {
        return new Explanation(decision);
    }

    /** Returns every gate's verdict, in the gates' order. */
    public List<Verdict> verdicts() {
        return Arrays.stream(Gate.values()).map(this::verdict).toList();
    }

    /** Returns the verdict that decided: the first refusal, or for a grant the first verdict. */
    public Verdict deciding() {
        return verdicts().stream()
                .filter(verdict -> verdict.outcome() == Outcome.REFUSE)
                .findFirst()
                .orElseGet(() -> verdict(Gate.DECLARED));
    }

    /** Returns one gate's verdict. */
    public Verdict verdict(Gate gate) {
        Reason reason = decision.reason(gate);
        return new Verdict(gate, reason.outcome(), reason, text(reason), position(reason));
    }

    // One exhaustive table over the reasons: splitting it would hide a missing row.
    @SuppressWarnings("PMD.CyclomaticComplexity")
    private String text(Reason reason) {
        return switch (reason) {
            case NOT_APPLICABLE -> "does not concern this request";
            case UNRESTRICTED -> "not restricted by this policy";
            case FLOW_DECLARED -> "flow \"" + decision.flow().map(Flow::name).orElse("") + "\" is declared";
            case DOMAIN_DECLARED -> "domain " + from().name() + " is declared";
            case FLOW_FORBIDDEN ->
                "flow \"" + decision.flow().map(Flow::name).orElse("") + "\" is forbidden by a fragment";
            case FLOW_NOT_DECLARED -> "no flow " + from().name() + " -> " + to().name() + " of that kind is declared";
            case DOMINATES -> show(to()) + " dominates " + show(from());
            case GUARD_ACCEPTS -> bounds(to(), "accepts up to ", "from", from());
            case GUARD_RELEASES -> bounds(from(), "releases down to ", "to", to());
            case LABELS_FORBID -> show(to()) + " does not dominate " + show(from()) + " and no guard mediates";
            case OUTSIDE_BOUNDS -> "the guard's bounds do not cover " + show(from()) + " -> " + show(to());
            case TWO_GUARDS -> show(to()) + " does not dominate " + show(from()) + " and both are guards";
            case TYPE_ALLOWED -> "a type rule allows it";
            case TYPE_FORBIDS -> "no type rule allows it";
            case NO_CONFLICT -> "no conflict of interest";
            case PARTY_RUNS -> "a domain of a conflicting party runs";
            case HISTORY_FORBIDS -> "information of a conflicting party would meet";
            case WINDOW_OPEN -> "a window is open";
            case WINDOW_CLOSED -> "no window is open";
            case WITHIN_QUOTA -> "within the quota";
            case FLOW_QUOTA_EXCEEDED -> "the flow's quota is used up";
            case GUARD_QUOTA_EXCEEDED -> "the guard's quota is used up";
            case DISK_NOT_MEASURED -> from().name() + " was not measured or differs from the policy";
            case WITHIN_RATE -> "within the flow's rate";
            case FLOW_RATE_EXCEEDED -> "the flow's rate is used up";
            case REQUEST_RATE_EXCEEDED -> "the domain asks more often than requestRate allows";
            case MEASURED -> "the images have the digests that the policy states";
            case SENDER_NOT_MEASURED -> unmeasured(from());
            case RECEIVER_NOT_MEASURED -> unmeasured(to());
        };
    }

    // One exhaustive table over the reasons: splitting it would hide a missing row.
    @SuppressWarnings("PMD.CyclomaticComplexity")
    private SourcePosition position(Reason reason) {
        return switch (reason) {
            case NOT_APPLICABLE,
                    UNRESTRICTED,
                    TYPE_ALLOWED,
                    TYPE_FORBIDS,
                    NO_CONFLICT,
                    PARTY_RUNS,
                    HISTORY_FORBIDS,
                    WINDOW_OPEN,
                    WINDOW_CLOSED,
                    WITHIN_QUOTA,
                    FLOW_QUOTA_EXCEEDED,
                    GUARD_QUOTA_EXCEEDED,
                    FLOW_FORBIDDEN,
                    DISK_NOT_MEASURED -> policy.position();
            case FLOW_DECLARED -> decision.flow().map(Flow::position).orElseGet(policy::flowsPosition);
            case FLOW_NOT_DECLARED -> policy.flowsPosition();
            case DOMAIN_DECLARED -> from().position();
            case DOMINATES, LABELS_FORBID, TWO_GUARDS, RECEIVER_NOT_MEASURED -> rule(to());
            case GUARD_ACCEPTS -> policy.guard(to().index()).position();
            case GUARD_RELEASES -> policy.guard(from().index()).position();
            case OUTSIDE_BOUNDS ->
                policy.guard((policy.isGuard(to().index()) ? to() : from()).index())
                        .position();
            case WITHIN_RATE, FLOW_RATE_EXCEEDED ->
                decision.flow().flatMap(Flow::rate).orElse(policy.requestRate()).position();
            case REQUEST_RATE_EXCEEDED -> policy.requestRate().position();
            case MEASURED, SENDER_NOT_MEASURED -> rule(from());
        };
    }

    private static SourcePosition rule(Endpoint endpoint) {
        return endpoint.position();
    }

    private Endpoint from() {
        return switch (decision.request()) {
            case Request.Start start -> policy.endpoint(start.domain());
            case Request.Open open -> policy.endpoint(open.from());
            case Request.Use use -> policy.flow(use.flow()).from();
        };
    }

    private Endpoint to() {
        return switch (decision.request()) {
            case Request.Start start -> policy.endpoint(start.domain());
            case Request.Open open -> policy.endpoint(open.to());
            case Request.Use use -> policy.flow(use.flow()).to();
        };
    }

    private String bounds(Endpoint guard, String verb, String bound, Endpoint other) {
        var declared = policy.guard(guard.index());
        Label limit = "from".equals(bound) ? declared.from() : declared.to();
        return "guard " + guard.name() + " " + verb + policy.lattice().format(limit) + ", covering " + show(other);
    }

    private String unmeasured(Endpoint endpoint) {
        String what = endpoint instanceof Domain domain
                ? domain.image().files().getFirst().path()
                : endpoint.name();
        return "the images of " + endpoint.name() + " (" + what + ") were not measured or differ from the policy";
    }

    private String show(Endpoint endpoint) {
        return endpoint.name() + " (" + policy.lattice().format(endpoint.label()) + ")";
    }
}
