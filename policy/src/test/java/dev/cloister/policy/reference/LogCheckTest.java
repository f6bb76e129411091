package dev.cloister.policy.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.explain.Sequence;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check of logs finds nothing in a log that is right, and finds decisions that the policy doesn't give. */
class LogCheckTest {
    @TempDir
    private Path folder;

    private Path log = Path.of("");

    /** Every domain starts, every flow is opened. */
    @BeforeEach
    void write() throws Exception {
        log = folder.resolve("audit.log");
        Policy policy = Samples.parse(Samples.VALID);
        Sequence sequence = new Sequence(policy, Instant.now());
        try (AuditLog audit = AuditLog.open(log, AuditListener.NONE)) {
            audit.append(AuditEvent.of(AuditKind.POLICY_LOADED).withPolicy(policy));
            for (var domain : policy.domains()) {
                audit.append(AuditEvent.decision(sequence.start(domain)));
            }
            for (Flow flow : policy.flows()) {
                audit.append(AuditEvent.decision(sequence.open(
                        flow.from(), flow.to(), flow.kind(), Optional.of(flow), Optional.empty(), (_, _, _) -> {})));
            }
        }
    }

    @Test
    void aRightLogAgrees() throws Exception {
        LogCheck.Result result = check(Samples.VALID);
        assertThat(result.decisions()).isEqualTo(11);
        assertThat(result.differences()).isEmpty();
    }

    @Test
    void aGrantThatThePolicyDoesNotGiveIsFound() throws Exception {
        String narrower = Samples.with(
                "\"from\": {\"level\": \"secret\", \"compartments\": [\"ops\"]}, \"to\"",
                "\"from\": {\"level\": \"unclassified\"}, \"to\"");
        assertThat(check(narrower).differences())
                .anyMatch(difference -> difference.contains("labels pass, but OUTSIDE_BOUNDS"));
        String renamed = Samples.VALID.replace("\"name\": \"bell\"", "\"name\": \"gong\"");
        assertThat(check(renamed).differences()).as("a flow that isn't there").isNotEmpty();
    }

    private LogCheck.Result check(String policy) throws Exception {
        Path file = folder.resolve("policy.json");
        Files.writeString(file, policy);
        return LogCheck.check(log, file);
    }
}
