package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Forbid;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.SourcePosition;
import dev.cloister.policy.model.TypeRule;
import dev.cloister.policy.model.When;
import dev.cloister.policy.model.Window;
import dev.cloister.policy.model.WindowClock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Puts a decision into words: each gate's verdict with its reason and the rule's position. Words are made when they are asked for,
 * from the history as it is then: ask at once, in the thread that decides.
 */
public final class Explanation {
    private final Decision decision;
    private final Policy policy;
    private final LimitWords limits;
    private final ConflictWords conflicts;
    private final Optional<WindowClock> clock;
    private final Optional<Instant> now;

    private Explanation(Decision decision, Optional<WindowClock> clock, Optional<Instant> now) {
        this.decision = decision;
        this.policy = decision.policy();
        this.clock = clock;
        this.now = now;
        this.limits = new LimitWords(decision);
        this.conflicts = new ConflictWords(decision, from(), to());
    }

    /** Explains a decision. */
    public static Explanation of(Decision decision) {
        return new Explanation(decision, Optional.empty(), Optional.empty());
    }

    /** Explains a decision made at that time; then it is told as well when a closed window opens. */
    public static Explanation of(Decision decision, WindowClock clock, Instant now) {
        return new Explanation(decision, Optional.of(clock), Optional.of(now));
    }

    /** Returns every gate's verdict, in the gates' order. */
    public List<Verdict> verdicts() {
        return Arrays.stream(Gate.values()).map(this::verdict).toList();
    }

    /** Returns the verdict that decided: the first refusal, or for a grant the first verdict. */
    public Verdict deciding() {
        return Arrays.stream(Gate.values())
                .filter(gate -> decision.reason(gate).outcome() == Outcome.REFUSE)
                .findFirst()
                .map(this::verdict)
                .orElseGet(() -> verdict(Gate.DECLARED));
    }

    /** Returns one gate's verdict. */
    public Verdict verdict(Gate gate) {
        Reason reason = decision.reason(gate);
        Words words = words(reason);
        return new Verdict(gate, reason.outcome(), reason, words.text(), words.position());
    }

    // One exhaustive table over the reasons: splitting it would hide a missing row.
    @SuppressWarnings("PMD.CyclomaticComplexity")
    private Words words(Reason reason) {
        return switch (reason) {
            case NOT_APPLICABLE -> new Words("does not concern this request", policy.position());
            case UNRESTRICTED -> new Words("not restricted by this policy", policy.position());
            case FLOW_DECLARED -> new Words("flow \"" + flow().name() + "\" is declared", flow().position());
            case DOMAIN_DECLARED -> new Words("domain " + from().name() + " is declared", from().position());
            case FLOW_NOT_DECLARED ->
                new Words("no flow " + arrow() + " of that kind is declared", policy.flowsPosition());
            case FLOW_FORBIDDEN -> forbidden();
            case DOMINATES -> new Words(show(to()) + " dominates " + show(from()), to().position());
            case GUARD_ACCEPTS -> guard(to(), bounds(to(), "accepts up to ", true, from()));
            case GUARD_RELEASES -> guard(from(), bounds(from(), "releases down to ", false, to()));
            case LABELS_FORBID ->
                new Words(
                        show(to()) + " does not dominate " + show(from()) + " and no guard mediates", to().position());
            case OUTSIDE_BOUNDS ->
                guard(
                        policy.isGuard(to().index()) ? to() : from(),
                        "the guard's bounds do not cover " + show(from()) + " -> " + show(to()));
            case TWO_GUARDS ->
                new Words(show(to()) + " does not dominate " + show(from()) + " and both are guards", to().position());
            case TYPE_ALLOWED -> types(true);
            case TYPE_FORBIDS -> types(false);
            case NO_CONFLICT -> conflicts.none(decision.request() instanceof Request.Start);
            case PARTY_RUNS -> conflicts.runs();
            case HISTORY_FORBIDS -> conflicts.meets();
            case WINDOW_OPEN -> window(limits.open(when()), limits.windows(when().windows()));
            case WINDOW_CLOSED -> window(limits.closed(when(), clock, now), limits.closedWindows(when()));
            case WITHIN_RATE -> rate("within the flow's rate: ");
            case FLOW_RATE_EXCEEDED -> rate("the flow's rate is used up: ");
            case REQUEST_RATE_EXCEEDED ->
                new Words(
                        "the domain asks more often than requestRate allows: " + LimitWords.rate(policy.requestRate()),
                        policy.requestRate().position());
            case WITHIN_QUOTA -> flow().limits().quota().isPresent() ? flowQuota("within ") : guardQuota("within ");
            case FLOW_QUOTA_EXCEEDED -> flowQuota("beyond ");
            case GUARD_QUOTA_EXCEEDED -> guardQuota("beyond ");
            case MEASURED -> new Words("what was measured has the digests that the policy states", from().position());
            case SENDER_NOT_MEASURED -> unmeasured(from());
            case RECEIVER_NOT_MEASURED -> unmeasured(to());
            case DISK_NOT_MEASURED ->
                new Words(from().name() + " was not measured or differs from the policy", from().position());
        };
    }

    private Flow flow() {
        return decision.flow().orElseThrow(() -> new IllegalStateException("no flow is concerned"));
    }

    private Words forbidden() {
        Forbid forbid = flow().forbidden().orElseThrow();
        String because = forbid.because().isEmpty() ? "" : ": " + forbid.because();
        return new Words(
                "flow \"" + flow().name() + "\" is declared, but fragment " + forbid.fragment() + " forbids it"
                        + because,
                forbid.position());
    }

    private Words guard(Endpoint guard, String text) {
        return new Words(text, policy.guard(guard.index()).position());
    }

    private String bounds(Endpoint guard, String verb, boolean from, Endpoint other) {
        var declared = policy.guard(guard.index());
        Label limit = from ? declared.from() : declared.to();
        return "guard " + guard.name() + " " + verb + policy.lattice().format(limit) + ", covering " + show(other);
    }

    private Words types(boolean allowed) {
        FlowKind kind = decision.request() instanceof Request.Open open ? open.kind() : flow().kind();
        String what = "type " + type(from()) + " send kind " + kind.jsonName() + " to type " + type(to());
        Optional<TypeRule> rule = policy.types().rule(from().type(), to().type(), kind);
        return new Words(
                (allowed ? "a rule lets " : "no rule lets ") + what,
                rule.map(TypeRule::position).orElseGet(this::typesPosition));
    }

    private SourcePosition typesPosition() {
        return policy.types().rules().stream()
                .findFirst()
                .map(TypeRule::position)
                .orElseGet(from()::position);
    }

    private String type(Endpoint endpoint) {
        return endpoint.type() == Endpoint.NO_TYPE
                ? "(none)"
                : policy.types().types().get(endpoint.type());
    }

    private When when() {
        return switch (decision.request()) {
            case Request.Start start ->
                policy.domains().get(start.domain()).lifecycle().when();
            case Request.Open _, Request.Use _ -> flow().limits().when();
        };
    }

    private Words window(String text, List<Window> windows) {
        return new Words(
                text, windows.stream().findFirst().map(Window::position).orElseGet(policy::position));
    }

    private Words rate(String lead) {
        var rate = flow().rate().orElseThrow();
        return new Words(lead + LimitWords.rate(rate), rate.position());
    }

    private Words flowQuota(String lead) {
        Quota quota = flow().limits().quota().orElseThrow();
        return new Words(lead + limits.flowQuota(flow(), quota), quota.position());
    }

    private Words guardQuota(String lead) {
        Quota quota = policy.releaseQuota(flow()).orElseThrow();
        return new Words(lead + limits.guardQuota(flow(), quota), quota.position());
    }

    private Words unmeasured(Endpoint endpoint) {
        String what = endpoint instanceof Domain domain
                ? domain.image().files().getFirst().path()
                : endpoint.name();
        return new Words(
                "the images of " + endpoint.name() + " (" + what + ") were not measured or differ from the policy",
                endpoint.position());
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

    private String arrow() {
        return from().name() + " -> " + to().name();
    }

    private String show(Endpoint endpoint) {
        return endpoint.name() + " (" + policy.lattice().format(endpoint.label()) + ")";
    }
}
