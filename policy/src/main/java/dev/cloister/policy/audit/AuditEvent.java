package dev.cloister.policy.audit;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be recorded; the log adds sequence number, time and chain. Immutable: each {@code with} makes a new one.
 *
 * @param kind what it tells of
 * @param policyDigest digest of the policy in force, empty when there is none
 * @param policyEpoch number of the policy's loading within its state directory, from 1; 0 when there is none
 * @param domain name of the domain concerned, empty when none
 * @param flow name of the flow concerned, empty when none
 * @param rule file:line:column of the rule that decided, empty when none
 * @param verdicts of a decision, else empty
 * @param details further facts by name, in order; at most {@link #MAX_DETAILS}
 */
public record AuditEvent(
        AuditKind kind,
        String policyDigest,
        int policyEpoch,
        String domain,
        String flow,
        String rule,
        List<AuditVerdict> verdicts,
        Map<String, String> details) {
    /** The most details of an event; a further one is an error of the caller. */
    public static final int MAX_DETAILS = 64;

    /** Copies the collections. */
    public AuditEvent {
        verdicts = List.copyOf(verdicts);
        details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
        if (details.size() > MAX_DETAILS) {
            throw new IllegalArgumentException("an audit event has at most " + MAX_DETAILS + " details");
        }
    }

    /** Returns an event that says no more than its kind. */
    public static AuditEvent of(AuditKind kind) {
        return new AuditEvent(kind, "", 0, "", "", "", List.of(), Map.of());
    }

    /** Returns the record of a decision: grant or refusal with all verdicts, the deciding rule and what was asked. */
    public static AuditEvent decision(Decision decision) {
        Explanation words = Explanation.of(decision);
        Policy policy = decision.policy();
        AuditKind granted = decision.request() instanceof Request.Use ? AuditKind.QUOTA_LEASED : AuditKind.GRANT;
        AuditEvent verdicts = of(decision.granted() ? granted : AuditKind.REFUSAL)
                .withPolicy(policy)
                .withFlow(decision.flow().map(Flow::name).orElse(""))
                .withRule(words.deciding().position())
                .withVerdicts(words.verdicts().stream()
                        .map(v -> new AuditVerdict(
                                v.gate().jsonName(),
                                v.outcome().jsonName(),
                                v.text(),
                                v.position().toString()))
                        .toList());
        AuditEvent event = at(decision, verdicts);
        return switch (decision.request()) {
            case Request.Start start ->
                event.withDomain(policy.endpoint(start.domain()).name()).withDetail("request", "start");
            case Request.Open open -> {
                AuditEvent asked = event.withDetail("request", "open")
                        .withDetail("from", policy.endpoint(open.from()).name())
                        .withDetail("to", policy.endpoint(open.to()).name())
                        .withDetail("kind", open.kind().jsonName());
                yield open.asker() == Request.BY_DAEMON
                        ? asked
                        : asked.withDomain(policy.endpoint(open.asker()).name());
            }
            case Request.Use use -> event.withDetail("request", "use").withDetail("units", Long.toString(use.units()));
        };
    }

    /** Adds when it was decided: what replaying the decision needs. */
    private static AuditEvent at(Decision decision, AuditEvent event) {
        Request request = decision.request();
        AuditEvent at = event.withDetail(
                "sinceLoad", Long.toString(request.nanos() - decision.history().loadedNanos()));
        return decision.policy().windows().isEmpty()
                ? at
                : at.withDetail("openWindows", Long.toHexString(request.openWindows()));
    }

    /** Returns this event under a policy. */
    public AuditEvent withPolicy(Policy policy) {
        return new AuditEvent(kind, policy.digest(), policyEpoch, domain, flow, rule, verdicts, details);
    }

    /** Returns this event under a policy's loading of that number. */
    public AuditEvent withEpoch(int epoch) {
        return new AuditEvent(kind, policyDigest, epoch, domain, flow, rule, verdicts, details);
    }

    /** Returns this event about a domain. */
    public AuditEvent withDomain(String name) {
        return new AuditEvent(kind, policyDigest, policyEpoch, name, flow, rule, verdicts, details);
    }

    /** Returns this event about a flow. */
    public AuditEvent withFlow(String name) {
        return new AuditEvent(kind, policyDigest, policyEpoch, domain, name, rule, verdicts, details);
    }

    /** Returns this event with the rule that decided. */
    public AuditEvent withRule(SourcePosition position) {
        return new AuditEvent(kind, policyDigest, policyEpoch, domain, flow, position.toString(), verdicts, details);
    }

    /** Returns this event with a decision's verdicts. */
    public AuditEvent withVerdicts(List<AuditVerdict> all) {
        return new AuditEvent(kind, policyDigest, policyEpoch, domain, flow, rule, all, details);
    }

    /** Returns this event with one more fact. A value may be hostile: it is escaped, and cut when long. */
    public AuditEvent withDetail(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(details);
        more.put(name, value);
        return new AuditEvent(kind, policyDigest, policyEpoch, domain, flow, rule, verdicts, more);
    }
}
