package dev.cloister.policy.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A log replayed under its own policy shows no difference; under another, exactly those that follow from it. */
class ReplayTest {
    private static final Instant LOADED = Instant.parse("2026-11-20T07:00:00Z");

    private final List<AuditRecord> log = new ArrayList<>();

    @Test
    void nothingDiffersUnderTheSamePolicy() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        write(policy);
        Replay replay = replay(policy);
        assertThat(replay.decisions()).isEqualTo(9);
        assertThat(replay.differences()).isEmpty();
    }

    @Test
    void whatAnotherPolicyForbidsIsTold() throws Exception {
        write(Samples.parse(Samples.VALID));
        Policy narrower = Samples.parse(Samples.with(
                "{\"name\": \"bell\", \"from\": \"guard\", \"to\": \"command\", \"kind\": \"event\", \"rate\": "
                        + "{\"perSecond\": 1000, \"burst\": 100}}",
                "{\"name\": \"bell\", \"from\": \"guard\", \"to\": \"logger\", \"kind\": \"event\", \"rate\": "
                        + "{\"perSecond\": 1000, \"burst\": 100}}"));
        assertThat(replay(narrower).differences()).singleElement().satisfies(one -> {
            assertThat(one.asked()).isEqualTo("open guard -> command (event)");
            assertThat(one.flow()).isEqualTo("bell");
            assertThat(one.before()).isEqualTo("granted");
            assertThat(one.after()).isEqualTo("declared");
            assertThat(one.verdict()).contains("no flow guard -> command").contains("[p.json:");
            assertThat(one.seq()).isEqualTo(7);
        });
    }

    @Test
    void domainsThatAnotherPolicyDoesNotHaveAreTold() throws Exception {
        write(Samples.parse(Samples.VALID));
        Policy other = Samples.parse(Samples.VALID.replace("\"command\"", "\"chief\""));
        assertThat(replay(other).differences())
                .extracting(Replay.Difference::asked)
                .contains("start command", "open guard -> command (memory)", "open guard -> command (event)");
    }

    private Replay replay(Policy policy) {
        Replay replay = new Replay(policy);
        log.forEach(replay::next);
        return replay;
    }

    /** What a daemon would write: four starts, channels, a use beyond the rate, a guest's vain request. */
    private void write(Policy policy) {
        log.clear();
        Sequence sequence = new Sequence(policy, LOADED);
        write(AuditEvent.of(AuditKind.POLICY_LOADED).withPolicy(policy), LOADED);
        policy.domains().forEach(domain -> write(AuditEvent.decision(sequence.start(domain)), LOADED.plusMillis(1)));
        for (String name : List.of("checked", "bell")) {
            var flow = policy.flow(name).orElseThrow();
            write(
                    AuditEvent.decision(sequence.open(
                            flow.from(), flow.to(), flow.kind(), Optional.of(flow), Optional.empty(), (_, _, _) -> {})),
                    LOADED.plusMillis(2));
        }
        var bell = policy.flow("bell").orElseThrow();
        write(AuditEvent.decision(sequence.use(bell, 99)), LOADED.plusMillis(3));
        write(AuditEvent.decision(sequence.use(bell, 50)), LOADED.plusMillis(4));
        var command = policy.domain("command").orElseThrow();
        var sensor = policy.domain("sensor").orElseThrow();
        write(
                AuditEvent.decision(sequence.open(
                        command, sensor, FlowKind.MEMORY, Optional.empty(), Optional.of(command), (_, _, _) -> {})),
                LOADED.plusMillis(5));
    }

    private void write(AuditEvent event, Instant time) {
        log.add(new AuditRecord(log.size() + 1L, time, AuditRecord.UNKNOWN, event, "", ""));
    }
}
