package dev.cloister.policy.reference;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import dev.cloister.policy.text.Canonical;
import dev.cloister.policy.text.TextException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Holds the audit log of a real daemon against the reference: every decision in it must be the reference's, gate by gate. What was
 * measured is taken from the measurement gate's own verdicts, since digests aren't in the log; everything else is decided anew.
 */
public final class LogCheck {
    private final Map<String, Object> policy;
    private final List<Map<String, Object>> fragments;
    private final List<String> differences = new ArrayList<>();
    private final Set<String> measured = new HashSet<>();
    private Reference reference;
    private Instant loaded = Instant.EPOCH;
    private int decisions;

    /**
     * What was found.
     *
     * @param decisions decisions that were held against the reference
     * @param differences those on which the two don't agree, in words
     */
    public record Result(int decisions, List<String> differences) {}

    private LogCheck(Map<String, Object> policy, List<Map<String, Object>> fragments) {
        this.policy = policy;
        this.fragments = fragments;
        this.reference = new Reference(policy, fragments, loaded);
    }

    /** Checks a log that was written under a policy. */
    public static Result check(Path log, Path policy) throws IOException {
        Map<String, Object> document = document(policy);
        List<Map<String, Object>> fragments = new ArrayList<>();
        for (String path : Doc.strings(document, "include")) {
            fragments.add(document(policy.resolveSibling(path)));
        }
        LogCheck check = new LogCheck(document, fragments);
        try (AuditReader reader = AuditReader.open(log)) {
            Optional<AuditRecord> record = reader.next();
            while (record.isPresent()) {
                check.next(record.get());
                record = reader.next();
            }
        }
        return new Result(check.decisions, List.copyOf(check.differences));
    }

    private static Map<String, Object> document(Path file) throws IOException {
        try {
            return Doc.object(Doc.parse(Canonical.bytes(Files.readAllBytes(file))));
        } catch (TextException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private void next(AuditRecord record) {
        AuditEvent event = record.event();
        switch (event.kind()) {
            case POLICY_LOADED -> {
                loaded = record.time();
                reference = new Reference(policy, fragments, loaded);
                measured.clear();
                new ReferencePolicy(policy, fragments).domains().forEach(domain -> measure(domain, false));
            }
            case GRANT, REFUSAL -> {
                if (!event.verdicts().isEmpty()) {
                    decision(record);
                }
            }
            case DOMAIN_STOPPED, DOMAIN_KILLED, GUEST_FAULT -> reference.next(new Event.Stop(event.domain()));
            case CHANNEL_CLOSE -> reference.next(new Event.Close(event.flow()));
            default -> {
                // The others change nothing that a decision depends on.
            }
        }
    }

    private void measure(String endpoint, boolean asStated) {
        Map<String, String> digests = new LinkedHashMap<>();
        if (asStated) {
            Map<String, Object> domain =
                    new ReferencePolicy(policy, fragments).domain(endpoint).orElseThrow();
            for (String file : List.of("kernel", "firmware", "initrd")) {
                Doc.object(Doc.object(Doc.get(domain, "image")), file)
                        .ifPresent(found -> digests.put(file, Doc.string(found, "sha256")));
            }
        }
        reference.next(new Event.Measure(endpoint, digests));
        if (asStated) {
            measured.add(endpoint);
        } else {
            measured.remove(endpoint);
        }
    }

    private void decision(AuditRecord record) {
        AuditEvent event = record.event();
        String since = event.details().getOrDefault("sinceLoad", "");
        reference.at(since.isEmpty() ? record.time() : loaded.plus(Duration.ofNanos(Long.parseLong(since))));
        Event asked = asked(event);
        boolean start = asked instanceof Event.Start;
        boolean before = measured.contains(event.domain());
        if (start) {
            measure(event.domain(), !outcome(event, "measurement").equals("refuse"));
        }
        Answer answer = reference.next(asked);
        if (start && event.kind() == AuditKind.REFUSAL) {
            measure(event.domain(), before);
        }
        decisions++;
        if (answer.granted() != (event.kind() == AuditKind.GRANT)) {
            differences.add("record " + record.seq() + " " + asked + ": " + event.kind() + ", but " + answer);
        }
        answer.reasons().forEach((gate, reason) -> {
            if (!Answer.outcome(reason).equals(outcome(event, gate))) {
                differences.add("record " + record.seq() + " " + asked + ": " + gate + " " + outcome(event, gate)
                        + ", but " + reason);
            }
        });
    }

    private static String outcome(AuditEvent event, String gate) {
        return event.verdicts().stream()
                .filter(verdict -> verdict.gate().equals(gate))
                .findFirst()
                .map(AuditVerdict::outcome)
                .orElse("");
    }

    private static Event asked(AuditEvent event) {
        Map<String, String> details = event.details();
        return switch (details.getOrDefault("request", "")) {
            case "start" -> new Event.Start(event.domain());
            case "open" -> {
                Optional<String> asker = Optional.of(event.domain()).filter(name -> !name.isEmpty());
                // A guest names no flow; the daemon means one.
                Optional<String> flow = Optional.of(event.flow()).filter(name -> asker.isEmpty() && !name.isEmpty());
                yield new Event.Open(
                        Doc.get(details, "from"), Doc.get(details, "to"), Doc.get(details, "kind"), flow, asker);
            }
            case "use" -> new Event.Use(event.flow(), Long.parseLong(Doc.get(details, "units")));
            default -> throw new IllegalArgumentException("a decision on nothing: " + details);
        };
    }
}
