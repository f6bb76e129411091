package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.state.ContactStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Channels that come and go, and domains that start, stop and start again, while the daemon runs. */
@Timeout(600)
class LifecycleTest {
    @TempDir
    Path directory;

    @Test
    void aRevokedChannelStaysAwayUntilItIsOpenedAgain() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("b", "low", "")
                .memory("f", "a", "b")
                .flow("e", "a", "b", "event", "");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a", "b"));
            for (int round = 1; round <= 3; round++) {
                assertThat(client.revoke("f")).startsWith("flow f is revoked");
                Snapshot revoked = client.ps();
                assertThat(flow(revoked, "f").state()).isEqualTo("revoked");
                assertThat(flow(revoked, "e").state()).isEqualTo("live");
                assertThat(client.open("f")).isEqualTo("flow f is live");
                assertThat(flow(client.ps(), "f").openings()).isEqualTo(round + 1);
            }
            assertThat(running.awaitSerial("b", "revoked 1")).contains("direct: EACCES");
            assertThatThrownBy(() -> client.revoke("g")).hasMessageContaining("no flow g");
            assertThat(running.audit()).contains("\"channelClose\"", "revoked by the operator", "opening 4");
        }
    }

    @Test
    void aVmmThatDoesNotLetGoIsKilledAlone() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("b", "low", "silent-at:revoke")
                .flow("f", "a", "b", "memory", ", \"recordBytes\": 256, \"records\": 64, \"revokeWithin\": \"300ms\"");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a", "b"));
            assertThat(client.revoke("f")).startsWith("flow f is revoked");
            Snapshot snapshot = running.await(s -> all(s, "exited", "b"));
            assertThat(domain(snapshot, "b").note()).contains("did not let go of channel f within 300 ms");
            assertThat(domain(snapshot, "a").state()).isEqualTo("running");
        }
    }

    @Test
    void aDomainThatDoesNotStartByItselfIsStartedStoppedAndStartedWithFreshImages() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("late", "low", "", ", \"autostart\": false")
                .memory("f", "a", "late");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            Snapshot before = running.await(s -> all(s, "running", "a"));
            assertThat(domain(before, "late").state()).isEqualTo("idle");
            assertThat(flow(before, "f").state()).isEqualTo("pending");
            assertThat(client.start("late")).isEqualTo("late is running");
            assertThat(flow(client.ps(), "f").state()).isEqualTo("live");
            long first = domain(client.ps(), "late").pid();
            assertThatThrownBy(() -> client.start("late")).hasMessageContaining("expected idle, refused or exited");
            client.stop("late");
            assertThat(flow(client.ps(), "f").state()).isEqualTo("severed");
            assertThat(client.start("late")).isEqualTo("late is running");
            assertThat(domain(client.ps(), "late").pid()).isNotEqualTo(first);
            assertThat(flow(client.ps(), "f").state()).isEqualTo("live");
            client.stop("late");
            Files.writeString(directory.resolve("late.elf"), "altered");
            assertThatThrownBy(() -> client.start("late"))
                    .hasMessageContaining("late is refused (late.elf has SHA-256");
            assertThat(domain(client.ps(), "late").verdicts())
                    .anyMatch(v -> v.gate().equals("measurement") && v.outcome().equals("refuse"));
        }
    }

    @Test
    void aDomainThatFailsIsRestartedAsOftenAsItsRuleSaysAndItsPeersGetTheirChannelsBack() throws Exception {
        String rule =
                ", \"restart\": {\"when\": \"onFailure\", \"attempts\": 1, \"within\": \"10m\", \"delay\": \"1s\"}";
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("frail", "low", "die-at:pause", rule)
                .domain("peer", "low", "")
                .memory("f", "frail", "peer");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            long first = domain(running.await(s -> all(s, "running", "frail", "peer")), "frail")
                    .pid();
            assertThatThrownBy(() -> client.pause("frail")).hasMessageContaining("frail is exited");
            Snapshot again = running.await(s -> all(s, "running", "frail")
                    && domain(s, "frail").pid() != first
                    && flow(s, "f").state().equals("live"));
            assertThat(domain(again, "frail").restarts()).isEqualTo(1);
            assertThat(domain(again, "peer").state()).isEqualTo("running");
            assertThatThrownBy(() -> client.pause("frail")).hasMessageContaining("frail is exited");
            running.await(s -> flow(s, "f").state().equals("severed"));
            assertThat(running.audit())
                    .contains("restart 1 of 1 within 600 s, after 1000 ms", "no more: restart 1 of 1");
        }
    }

    @Test
    void theUnexpectedEndOfADomainEndsAllWhereThePolicySaysSo() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("vital", "low", "exit:3", ", \"onUnexpectedExit\": \"halt\"")
                .domain("other", "low", "");
        try (DaemonFixture.Running running = fixture.start()) {
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            assertThat(all(outcome.last(), "exited", "vital", "other")).isTrue();
            assertThat(running.audit()).contains("halt: vital ended unexpectedly, with code 3");
        }
    }

    @Test
    void aCompetitorStartsOnceTheOtherHasStopped() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("red", "low", "")
                .domain("blue", "low", "", ", \"autostart\": false")
                .more(", \"conflicts\": [{\"name\": \"rivals\", \"mode\": \"concurrent\", \"members\": [\"red\","
                        + " \"blue\"]}]");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "red"));
            assertThatThrownBy(() -> client.start("blue")).hasMessageContaining("blue is refused");
            assertThat(domain(client.ps(), "blue").verdicts())
                    .hasSize(7)
                    .anyMatch(v -> v.gate().equals("conflicts") && v.outcome().equals("refuse"));
            client.stop("red");
            assertThat(client.start("blue")).isEqualTo("blue is running");
            assertThatThrownBy(() -> client.start("red")).hasMessageContaining("red is refused");
        }
    }

    /** A clock that a test sets. */
    private static final class SetClock extends Clock {
        private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

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
            return now;
        }
    }

    @Test
    void windowsOpenAndCloseChannelsAndDomains() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("b", "low", "")
                .domain("day", "low", "", ", \"when\": \"shift\"")
                .flow("e", "a", "b", "event", ", \"when\": \"shift\"")
                .more(", \"windows\": [{\"name\": \"shift\", \"after\": \"1h\", \"for\": \"1h\"}]");
        DaemonOptions options = fixture.options(Duration.ofSeconds(30));
        SetClock clock = new SetClock();
        PolicyDaemon daemon = PolicyDaemon.open(
                options,
                clock,
                () -> AuditLog.open(options.auditLog(), AuditListener.NONE),
                () -> ContactStorage.file(options.contacts()));
        try (DaemonFixture.Running running = new DaemonFixture.Running(daemon, options);
                PolicyDaemonClient client = running.client()) {
            Snapshot shut = running.await(s -> all(s, "running", "a", "b") && all(s, "idle", "day"));
            assertThat(flow(shut, "e").state()).isEqualTo("revoked");
            assertThatThrownBy(() -> client.open("e")).hasMessageContaining("its window is closed");
            clock.now = clock.now.plus(Duration.ofMinutes(90));
            daemon.recheckWindows();
            running.await(s -> all(s, "running", "day") && flow(s, "e").state().equals("live"));
            clock.now = clock.now.plus(Duration.ofMinutes(90));
            daemon.recheckWindows();
            Snapshot closed = running.await(
                    s -> all(s, "exited", "day") && flow(s, "e").state().equals("revoked"));
            assertThat(domain(closed, "day").note()).isEqualTo("its window is closed");
            assertThat(running.audit()).contains("\"windowOpened\"", "\"windowClosed\"", "\"window\":\"shift\"");
        }
    }

    @Test
    void aUsedUpQuotaTakesTheChannelAwayUntilTheNextPeriod() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "signal:1:1000")
                .domain("b", "low", "")
                .flow("e", "a", "b", "event", ", \"quota\": {\"units\": 10, \"per\": \"10s\"}");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot used = running.await(s -> flow(s, "e").state().equals("revoked"));
            assertThat(flow(used, "e").limits().quota()).isEqualTo(10);
            assertThat(flow(used, "e").limits().quotaUsed()).isEqualTo(10);
            assertThat(flow(used, "e").note()).contains("quota of flow e of 10 is used up");
            Snapshot next = running.await(s -> flow(s, "e").state().equals("live"));
            assertThat(flow(next, "e").openings()).isEqualTo(2);
            assertThat(flow(next, "e").limits().quotaUsed()).isZero();
            assertThat(running.audit()).contains("\"quotaUsedUp\"");
        }
    }

    private static final String WALL = """
        , "conflicts": [{"name": "wall", "mode": "historic", "members": ["red", "blue"]}]\
        """;

    private DaemonFixture wall() throws IOException {
        return new DaemonFixture(directory)
                .domain("red", "low", "")
                .domain("blue", "low", "", ", \"autostart\": false")
                .domain("adviser", "low", "")
                .flow("from-red", "red", "adviser", "event", "")
                .flow("from-blue", "blue", "adviser", "event", "")
                .more(WALL);
    }

    @Test
    void aContactIsRememberedByTheNextDaemon() throws Exception {
        try (DaemonFixture.Running running = wall().start()) {
            running.await(s -> flow(s, "from-red").state().equals("live"));
            assertThat(running.audit()).contains("\"conflictContact\"");
        }
        assertThat(Files.readString(directory.resolve("state/contacts.journal")))
                .contains("\"name\":\"adviser\"");
        try (DaemonFixture.Running running = wall().start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "red", "adviser"));
            client.stop("red");
            client.start("blue");
            Snapshot snapshot = client.ps();
            assertThat(flow(snapshot, "from-blue").state()).isEqualTo("refused");
        }
    }

    /** What was written stays, but nobody is told so: as if the machine lost its power after the write. */
    private static final class DyingStorage implements ContactStorage {
        private byte[] bytes = new byte[0];
        private boolean dying = true;

        @Override
        public byte[] read() {
            return bytes;
        }

        @Override
        public void write(long position, byte[] more) {
            bytes = Arrays.copyOf(bytes, (int) position + more.length);
            System.arraycopy(more, 0, bytes, (int) position, more.length);
        }

        @Override
        public void force() throws IOException {
            if (dying) {
                throw new IOException("power lost");
            }
        }

        @Override
        public void truncate(long length) throws IOException {
            if (dying) {
                throw new IOException("power lost");
            }
            bytes = Arrays.copyOf(bytes, (int) length);
        }

        @Override
        public void close() {}
    }

    private DaemonFixture.Running start(DaemonOptions options, ContactStorage storage) throws Exception {
        return new DaemonFixture.Running(
                PolicyDaemon.open(
                        options,
                        Clock.systemUTC(),
                        () -> AuditLog.open(options.auditLog(), AuditListener.NONE),
                        () -> storage),
                options);
    }

    @Test
    void aGrantThatDiedBetweenJournalAndEffectNeverHappenedButItsContactCounts() throws Exception {
        DyingStorage storage = new DyingStorage();
        DaemonOptions options = wall().options(Duration.ofSeconds(30));
        try (DaemonFixture.Running running = start(options, storage)) {
            Snapshot snapshot = running.await(s -> all(s, "running", "red", "adviser"));
            assertThat(flow(snapshot, "from-red").state()).isEqualTo("refused");
            assertThat(flow(snapshot, "from-red").note()).contains("contacts can't be recorded");
            assertThat(flow(snapshot, "from-red").openings()).isZero();
        }
        storage.dying = false;
        try (DaemonFixture.Running running = start(options, storage);
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "red", "adviser"));
            client.stop("red");
            client.start("blue");
            assertThat(flow(client.ps(), "from-blue").state()).isEqualTo("refused");
        }
    }

    @Test
    void aTornJournalIsRepairedAndADamagedOneRefused() throws Exception {
        try (DaemonFixture.Running running = wall().start()) {
            running.await(s -> flow(s, "from-red").state().equals("live"));
        }
        Path journal = directory.resolve("state/contacts.journal");
        String whole = Files.readString(journal);
        Files.writeString(journal, whole + "1234abcd {\"set\":");
        try (DaemonFixture.Running running = wall().start()) {
            running.await(s -> all(s, "running", "red"));
            assertThat(running.audit()).contains("\"journalRepaired\"");
        }
        assertThat(Files.readString(journal)).isEqualTo(whole);
        Files.writeString(journal, whole.replace("wall", "hall") + whole);
        assertThatThrownBy(() -> wall().start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 1 is damaged")
                .hasMessageContaining("restore the file from a backup");
    }

    @Test
    void serialOutputIsAppendedToALogFileThatIsRotatedOnce() throws Exception {
        Path log = directory.resolve("serial.log");
        Files.write(log, "x".repeat(4090).getBytes(StandardCharsets.US_ASCII));
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "ask:b:event:out ask:b:event:out")
                .domain("b", "low", "")
                .flow("kept", "a", "@log:serial", "console", "")
                .host(", \"logs\": {\"serial\": {\"path\": \"serial.log\", \"maxBytes\": \"4K\", \"label\":"
                        + " {\"level\": \"high\"}}}");
        try (DaemonFixture.Running running = fixture.start()) {
            running.awaitSerial("a", "answer 2");
        }
        assertThat(Files.size(directory.resolve("serial.log.1"))).isEqualTo(4090);
        assertThat(Files.readString(log)).contains("answer 1 REFUSED", "answer 2 REFUSED");
        Files.delete(log);
        Files.createSymbolicLink(log, directory.resolve("elsewhere"));
        assertThatThrownBy(fixture::start).hasMessageContaining("not a regular file");
    }

    @Test
    void aProcessThatCannotBeMadeIsTriedAgainAsTheRuleSays() throws Exception {
        String restart =
                ", \"restart\": {\"when\": \"onFailure\", \"attempts\": 2, \"within\": \"10m\", \"delay\": \"1ms\"}";
        DaemonFixture fixture = new DaemonFixture(directory).domain("frail", "low", "", restart);
        DaemonOptions o = fixture.options(Duration.ofSeconds(30));
        DaemonOptions.Vmm missing = new DaemonOptions.Vmm(
                List.of("/no/such/vmm"),
                o.vmm().kvmDevice(),
                o.vmm().engine(),
                o.vmm().surround(),
                o.vmm().answerTimeout());
        DaemonOptions broken = new DaemonOptions(o.stateDirectory(), o.policy(), missing, false, o.user());
        try (DaemonFixture.Running running = new DaemonFixture.Running(PolicyDaemon.open(broken), broken)) {
            // Between two attempts it is refused as well: only the record tells which was the last.
            Snapshot last =
                    running.await(s -> all(s, "refused", "frail") && recorded(running, "no more: restart 2 of 2"));
            assertThat(domain(last, "frail").restarts()).isEqualTo(2);
            assertThat(domain(last, "frail").note()).contains("can't be started", "ENOENT");
            assertThat(running.audit()).contains("restart 1 of 2 within 600 s, after 1 ms; it could not be started");
        }
    }

    private static boolean recorded(DaemonFixture.Running running, String text) {
        try {
            return running.audit().contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatThisReleaseDoesNotMakeIsRefused() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "", ", \"engine\": \"shadow\"");
        DaemonOptions o = fixture.options(Duration.ofSeconds(30));
        assertThatThrownBy(() -> PolicyDaemon.open(o))
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining("CLP160");
    }

    @Test
    void whatIsNotEnforcedIsRefusedUnlessAccepted() throws Exception {
        DaemonFixture fixture =
                new DaemonFixture(directory).domain("a", "low", "", ", \"cgroup\": {\"memoryMax\": \"64M\"}");
        DaemonOptions o = fixture.options(Duration.ofSeconds(30));
        assertThatThrownBy(() -> PolicyDaemon.open(o))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("policy.json:", "domain \"a\"", "control group with memory");
        DaemonOptions accepting = new DaemonOptions(
                o.stateDirectory(),
                new DaemonOptions.PolicySource(o.policy().file(), List.of(), true),
                o.vmm(),
                false,
                o.user());
        try (DaemonFixture.Running running = new DaemonFixture.Running(PolicyDaemon.open(accepting), accepting)) {
            running.await(s -> all(s, "running", "a"));
            assertThat(running.audit()).contains("\"unenforced\"", "control group");
        }
    }
}
