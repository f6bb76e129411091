package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.state.ContactStorage;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's clock is set, forwards and backwards by up to years, while domains run: windows of the calendar follow it within seconds,
 * all else is kept by the clock that is never set, and the log tells of each jump.
 */
@Timeout(600)
class ClockJumpTest {
    private static final long SEED = 6;
    private static final int JUMPS = 10;
    private static final long MOST_SECONDS = 10;
    private static final int OPENS = 8;
    private static final int CLOSES = 18;

    @TempDir
    Path directory;

    /** The system's clock, set otherwise. */
    private static final class JumpingClock extends Clock {
        private volatile Duration offset = Duration.ZERO;

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return Clock.systemUTC().instant().plus(offset);
        }

        void set(Instant now) {
            offset = offset.plus(Duration.between(instant(), now));
        }
    }

    /** A time within or without the window, some days or years away. */
    private static Instant time(Random random, boolean open) {
        int hours = open ? OPENS + 1 + random.nextInt(CLOSES - OPENS - 2) : CLOSES + 1 + random.nextInt(12);
        return Instant.parse("2026-06-01T00:00:00Z")
                .plus(Duration.ofDays(random.nextInt(3000) - 1500))
                .plus(Duration.ofHours(hours))
                .plus(Duration.ofMinutes(random.nextInt(60)));
    }

    @Test
    void windowsFollowAndNothingElseDoes() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "pour:3:10000")
                .domain("b", "low", "")
                .memory("always", "a", "b")
                .flow("shift", "a", "b", "event", ", \"when\": \"day\"")
                .flow(
                        "limited",
                        "a",
                        "b",
                        "stream",
                        ", \"backChannel\": {\"bitsPerSecond\": 100}, \"quota\": {\"bytes\": 5000, \"per\": \"1h\"}")
                .more(", \"windows\": [{\"name\": \"day\", \"zone\": \"UTC\", \"from\": \"0%d:00\", \"to\": \"%d:00\"}]"
                        .formatted(OPENS, CLOSES));
        DaemonOptions options = fixture.options(Duration.ofSeconds(30));
        Random random = new Random(SEED);
        JumpingClock clock = new JumpingClock();
        clock.set(time(random, true));
        PolicyDaemon daemon = PolicyDaemon.open(
                options,
                clock,
                () -> AuditLog.open(options.auditLog(), clock, AuditListener.NONE),
                () -> ContactStorage.file(options.contacts()));
        try (DaemonFixture.Running running = new DaemonFixture.Running(daemon, options)) {
            Snapshot first = running.await(s -> all(s, "running", "a", "b")
                    && flow(s, "shift").state().equals("live")
                    && flow(s, "limited").state().equals("revoked"));
            for (int i = 1; i <= JUMPS; i++) {
                boolean open = i % 2 == 0;
                Instant now = time(random, open);
                clock.set(now);
                long set = System.nanoTime();
                Snapshot after =
                        running.await(s -> flow(s, "shift").state().equals(open ? "live" : "revoked") || late(set));
                String what = "seed " + SEED + ", jump " + i + " to " + now;
                assertThat(late(set)).as(what).isFalse();
                assertThat(flow(after, "always").openings()).as(what).isEqualTo(1);
                assertThat(flow(after, "limited").units()).as(what).isEqualTo(5000);
                assertThat(flow(after, "limited").state()).as(what).isEqualTo("revoked");
                for (String name : List.of("a", "b")) {
                    assertThat(domain(after, name).pid())
                            .as(what)
                            .isEqualTo(domain(first, name).pid());
                }
            }
        }
        assertThat(AuditVerifier.verify(options.auditLog(), Optional.empty()).fault())
                .isEmpty();
        List<AuditRecord> records = new ArrayList<>();
        try (AuditReader reader = AuditReader.open(options.auditLog())) {
            for (Optional<AuditRecord> r = reader.next(); r.isPresent(); r = reader.next()) {
                records.add(r.get());
            }
        }
        assertThat(records).isSortedAccordingTo((x, y) -> Long.compare(x.mono(), y.mono()));
        assertThat(records.stream()
                        .filter(r -> r.event().kind().jsonName().equals("clockJumped"))
                        .count())
                .isEqualTo(JUMPS);
    }

    private static boolean late(long since) {
        return System.nanoTime() - since > TimeUnit.SECONDS.toNanos(MOST_SECONDS);
    }
}
