package dev.cloister.policy.explain;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Decides once more, under another policy, what an audit log tells was decided. What happened is taken from the log: domains start
 * and stop, channels open and close when they did there, but only where this policy allows it too. Digests aren't in the log:
 * images count as this policy states them, unless the log says that they didn't match. Contacts of one run hold in the next.
 * Not thread-safe.
 */
public final class Replay {
    private static final String GRANTED = "granted";
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    private final Policy policy;
    private final List<Difference> differences = new ArrayList<>();
    private final List<int[]> contacts = new ArrayList<>();
    private Sequence sequence;
    private Instant loaded = Instant.EPOCH;
    private long decisions;

    /**
     * A decision that would be another one.
     *
     * @param seq number of the record
     * @param time when it was decided
     * @param asked what was asked, in words
     * @param flow name of the flow concerned in the log, else of that in this policy; empty where there is none
     * @param before what was decided: {@code granted}, or the gate that refused
     * @param after what would be decided, in the same words
     * @param verdict the verdict that would decide, in words with its rule's position
     */
    public record Difference(
            long seq, Instant time, String asked, String flow, String before, String after, String verdict) {}

    /** Begins with the policy under which everything is decided once more. */
    public Replay(Policy policy) {
        this.policy = policy;
        this.sequence = new Sequence(policy, loaded);
    }

    /** Takes the next record of the log. */
    public void next(AuditRecord record) {
        AuditEvent event = record.event();
        switch (event.kind()) {
            case POLICY_LOADED -> begin(record.time());
            case GRANT, QUOTA_LEASED, REFUSAL -> decision(record);
            case DOMAIN_STOPPED, DOMAIN_KILLED, GUEST_FAULT ->
                policy.domain(event.domain()).ifPresent(sequence::stop);
            case CHANNEL_CLOSE -> policy.flow(event.flow()).ifPresent(sequence::close);
            default -> {
                // The others change nothing that a decision depends on.
            }
        }
    }

    /** Returns how many decisions were made once more. */
    public long decisions() {
        return decisions;
    }

    /** Returns the decisions that would be others. */
    public List<Difference> differences() {
        return List.copyOf(differences);
    }

    private void begin(Instant time) {
        loaded = time;
        sequence = new Sequence(policy, time);
        sequence.forget();
        for (int[] contact : contacts) {
            sequence.contact(contact[0], policy.endpoint(contact[1]), contact[2]);
        }
    }

    private void decision(AuditRecord record) {
        AuditEvent event = record.event();
        if (event.verdicts().isEmpty()) {
            return;
        }
        sequence.at(number(event, "sinceLoad").map(loaded::plusNanos).orElse(record.time()));
        switch (event.details().getOrDefault("request", "")) {
            case "start" -> start(record);
            case "open" -> open(record);
            case "use" -> use(record);
            default -> {
                // A request of a later release.
            }
        }
    }

    private static Optional<Long> number(AuditEvent event, String name) {
        return Optional.ofNullable(event.details().get(name))
                .filter(text -> NUMBER.matcher(text).matches())
                .map(Long::valueOf);
    }

    private void start(AuditRecord record) {
        String name = record.event().domain();
        Optional<Domain> domain = policy.domain(name);
        if (domain.isEmpty()) {
            unknown(record, "start " + name, "domain " + name);
            return;
        }
        boolean before = sequence.measured(domain.get());
        sequence.measure(domain.get(), !refused(record, Gate.MEASUREMENT));
        Decision decision = sequence.mayStart(domain.get());
        if (granted(record) && decision.granted()) {
            sequence.history().started(domain.get().index());
        } else if (!granted(record)) {
            sequence.measure(domain.get(), before);
        }
        compare(record, "start " + name, decision);
    }

    private void open(AuditRecord record) {
        AuditEvent event = record.event();
        String fromName = event.details().getOrDefault("from", "");
        String toName = event.details().getOrDefault("to", "");
        String kindName = event.details().getOrDefault("kind", "");
        String asked = "open " + fromName + " -> " + toName + " (" + kindName + ")";
        Optional<Endpoint> from = policy.endpoint(fromName);
        Optional<Endpoint> to = policy.endpoint(toName);
        Optional<FlowKind> kind = Arrays.stream(FlowKind.values())
                .filter(one -> one.jsonName().equals(kindName))
                .findFirst();
        Optional<Domain> asker = policy.domain(event.domain());
        if (from.isEmpty()
                || to.isEmpty()
                || kind.isEmpty()
                || asker.isEmpty() && !event.domain().isEmpty()) {
            unknown(record, asked, from.isEmpty() ? "endpoint " + fromName : "endpoint " + toName);
            return;
        }
        // By name where it joins the same ends here; a guest names none.
        Optional<Flow> flow = asker.isPresent()
                ? Optional.empty()
                : policy.flow(event.flow())
                        .filter(one -> one.from() == from.get() && one.to() == to.get() && one.kind() == kind.get());
        Decision decision = sequence.mayOpen(from.get(), to.get(), kind.get(), flow, asker);
        if (granted(record) && decision.granted()) {
            sequence.history()
                    .opened(
                            decision.flow().orElseThrow().index(),
                            (set, endpoint, party) -> contacts.add(new int[] {set, endpoint, party}));
        }
        compare(record, asked, decision);
    }

    private void use(AuditRecord record) {
        AuditEvent event = record.event();
        long units = number(event, "units").orElse(0L);
        String asked = "use " + event.flow() + " " + units;
        Optional<Flow> flow = policy.flow(event.flow());
        if (flow.isPresent()) {
            compare(record, asked, sequence.use(flow.get(), units));
        } else {
            unknown(record, asked, "flow " + event.flow());
        }
    }

    private void compare(AuditRecord record, String asked, Decision decision) {
        Verdict deciding = Explanation.of(decision).deciding();
        String after = decision.granted() ? GRANTED : deciding.gate().jsonName();
        String flow = record.event().flow().isEmpty()
                ? decision.flow().map(Flow::name).orElse("")
                : record.event().flow();
        differ(record, asked, flow, after, deciding.text() + " [" + deciding.position() + "]");
    }

    private void unknown(AuditRecord record, String asked, String what) {
        differ(
                record,
                asked,
                record.event().flow(),
                Gate.DECLARED.jsonName(),
                "the policy has no " + what + " [" + policy.position() + "]");
    }

    private void differ(AuditRecord record, String asked, String flow, String after, String verdict) {
        decisions++;
        String before = before(record);
        if (!before.equals(after)) {
            differences.add(new Difference(record.seq(), record.time(), asked, flow, before, after, verdict));
        }
    }

    private static boolean granted(AuditRecord record) {
        return record.event().kind() != AuditKind.REFUSAL;
    }

    private static boolean refused(AuditRecord record, Gate gate) {
        return record.event().verdicts().stream()
                .anyMatch(verdict -> verdict.gate().equals(gate.jsonName())
                        && verdict.outcome().equals("refuse"));
    }

    private static String before(AuditRecord record) {
        return record.event().verdicts().stream()
                .filter(verdict -> verdict.outcome().equals("refuse"))
                .findFirst()
                .map(AuditVerdict::gate)
                .orElse(GRANTED);
    }
}
