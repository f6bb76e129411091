package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.daemon.loop.Throttle;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A flood of a domain's events is kept out of the log, but its count is in the chain, exactly. */
@Timeout(600)
class FloodTest {
    private static final int FLOOD = 700;

    @TempDir
    Path directory;

    private DaemonFixture.Running running() throws Exception {
        return new DaemonFixture(directory)
                .domain("wild", "low", "violate:" + FLOOD)
                .domain("calm", "low", "")
                .start();
    }

    /** What the log tells of the flood: single records and counts; waits for more until it is all there. */
    private static long told(Path log, Duration patience) throws Exception {
        long sum = 0;
        long singles = 0;
        try (AuditReader reader = AuditReader.open(log)) {
            do {
                for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                    AuditEvent event = next.get().event();
                    if (event.kind() == AuditKind.VIOLATION) {
                        singles++;
                    }
                    sum += Long.parseLong(event.details().getOrDefault("moreSinceLastRecord", "0"));
                }
            } while (singles + sum < FLOOD && reader.await(patience));
        }
        assertThat(singles).isBetween(20L, 100L);
        return singles + sum;
    }

    private static void whole(DaemonFixture.Running running) throws IOException {
        assertThat(AuditVerifier.verify(running.options().auditLog(), Optional.empty())
                        .whole())
                .isTrue();
    }

    @Test
    void theCountIsInTheLogSoonWhetherTheDomainEndsOrNot() throws Exception {
        try (DaemonFixture.Running running = running()) {
            running.await(s -> domain(s, "wild").violations() == FLOOD);
            assertThat(told(running.options().auditLog(), Duration.ofSeconds(20)))
                    .isEqualTo(FLOOD);
        }
    }

    @Test
    void theCountIsInTheLogWhenTheVmmIsKilled() throws Exception {
        try (DaemonFixture.Running running = running()) {
            long pid = domain(running.await(s -> domain(s, "wild").violations() == FLOOD), "wild")
                    .pid();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            running.await(s -> domain(s, "wild").state().equals("exited"));
            assertThat(told(running.options().auditLog(), Duration.ofSeconds(20)))
                    .isEqualTo(FLOOD);
            whole(running);
        }
    }

    @Test
    void theCountIsInTheLogWhenTheDaemonEnds() throws Exception {
        DaemonFixture.Running running = running();
        try (running) {
            running.await(s -> domain(s, "wild").violations() == FLOOD);
        }
        assertThat(told(running.options().auditLog(), Duration.ZERO)).isEqualTo(FLOOD);
        whole(running);
    }

    @Test
    void nothingIsLostOrCountedTwiceByTheThrottle() {
        for (long seed = 1; seed <= 200; seed++) {
            Random random = new Random(seed);
            Throttle throttle = new Throttle();
            long now = random.nextLong();
            long begun = now;
            long events = 0;
            long told = 0;
            long recorded = 0;
            for (int i = 0; i < 2000; i++) {
                now += random.nextInt(random.nextBoolean() ? 1_000 : 300_000_000);
                events++;
                switch (random.nextInt(20)) {
                    case 0 -> throttle.count();
                    case 1 -> {
                        events--;
                        told += throttle.takeSuppressed();
                    }
                    default -> {
                        long before = throttle.admit(now);
                        if (before != Throttle.SUPPRESSED) {
                            recorded++;
                            told += 1 + before;
                        }
                    }
                }
            }
            told += throttle.takeSuppressed();
            assertThat(told).as("seed %d", seed).isEqualTo(events);
            assertThat(recorded).as("seed %d", seed).isLessThanOrEqualTo(20 + (now - begun) / 200_000_000);
        }
    }
}
