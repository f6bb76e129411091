package dev.cloister.policy.audit.export;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import dev.cloister.policy.audit.Severity;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which records are wanted; each part narrows the choice, an empty one does not.
 *
 * @param domains names of domains of which one must be concerned, also as an end of the channel that was asked for
 * @param flows names of flows of which one must be concerned
 * @param kinds kinds of which it must be one
 * @param least least severity
 * @param since earliest time
 * @param until first time that is too late
 * @param firstSeq least number
 * @param lastSeq greatest number
 * @param policy beginning of the policy's digest
 * @param epoch the policy's epoch
 * @param reason a text that must occur in a verdict's words, the rule or a detail, in any case
 */
public record AuditFilter(
        Set<String> domains,
        Set<String> flows,
        Set<AuditKind> kinds,
        Optional<Severity> least,
        Optional<Instant> since,
        Optional<Instant> until,
        long firstSeq,
        long lastSeq,
        String policy,
        Optional<Integer> epoch,
        String reason) {
    /** Every record. */
    public static final AuditFilter ALL = new AuditFilter(
            Set.of(),
            Set.of(),
            Set.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            1,
            Long.MAX_VALUE,
            "",
            Optional.empty(),
            "");

    /** Copies the sets. */
    public AuditFilter {
        domains = Set.copyOf(domains);
        flows = Set.copyOf(flows);
        kinds = Set.copyOf(kinds);
    }

    /** Returns whether a record is wanted. */
    public boolean wants(AuditRecord record) {
        AuditEvent event = record.event();
        return inRange(record)
                && (kinds.isEmpty() || kinds.contains(event.kind()))
                && (least.isEmpty() || event.kind().severity().atLeast(least.get()))
                && (flows.isEmpty() || flows.contains(event.flow()))
                && (domains.isEmpty() || concerned(event))
                && event.policyDigest().startsWith(policy)
                && (epoch.isEmpty() || epoch.get() == event.policyEpoch())
                && (reason.isEmpty() || says(event));
    }

    private boolean inRange(AuditRecord record) {
        return record.seq() >= firstSeq
                && record.seq() <= lastSeq
                && since.stream().noneMatch(record.time()::isBefore)
                && until.stream().allMatch(record.time()::isBefore);
    }

    private boolean concerned(AuditEvent event) {
        return Stream.of(
                        event.domain(),
                        event.details().getOrDefault("from", ""),
                        event.details().getOrDefault("to", ""))
                .anyMatch(domains::contains);
    }

    private boolean says(AuditEvent event) {
        Stream<String> texts = Stream.of(
                        Stream.of(event.rule()),
                        event.details().values().stream(),
                        event.verdicts().stream().map(AuditVerdict::reason))
                .flatMap(s -> s);
        return texts.anyMatch(text -> contains(text, reason));
    }

    private static boolean contains(String text, String part) {
        for (int i = 0; i + part.length() <= text.length(); i++) {
            if (text.regionMatches(true, i, part, 0, part.length())) {
                return true;
            }
        }
        return false;
    }
}
