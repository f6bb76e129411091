package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The daemon with real processes that speak its protocol. */
@Timeout(600)
class PolicyDaemonTest {
    @TempDir
    Path directory;

    @Test
    void aRecordCrossesADeclaredFlowAndItsReaderCannotMapItWritable() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("sensor", "low", "")
                .domain("guard", "low", "")
                .memory("readings", "sensor", "guard");
        try (DaemonFixture.Running running = fixture.start()) {
            String serial = running.awaitSerial("guard", "record readings: hello from sensor");
            assertThat(serial).contains("direct: EACCES").contains("reopened: EPERM");
            // A domain runs before its VMM first reports which engine runs it.
            Snapshot snapshot = running.await(s -> all(s, "running", "sensor", "guard")
                    && !"auto".equals(domain(s, "guard").engine()));
            assertThat(flow(snapshot, "readings").state()).isEqualTo("live");
            assertThat(domain(snapshot, "guard").engine()).isEqualTo("direct");
            assertThat(running.audit()).contains("\"daemonStart\"", "\"grant\"", "readings");
        }
        assertThat(Files.exists(directory.resolve("state/control.sock"))).isFalse();
        assertThat(AuditVerifier.verify(directory.resolve("state/audit.log"), Optional.empty())
                        .fault())
                .isEmpty();
    }

    @Test
    void guestRequestsAreDecidedAnsweredAndAudited() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("low", "low", "ask:high:memory:out")
                .domain("high", "high", "ask:low:memory:out ask:nobody:event:out")
                .memory("up", "low", "high");
        try (DaemonFixture.Running running = fixture.start()) {
            assertThat(running.awaitSerial("low", "answer 1")).contains("answer 1 GRANTED 1 flow up");
            String serial = running.awaitSerial("high", "answer 2");
            assertThat(serial)
                    .contains("answer 1 REFUSED 0 no flow high -> low")
                    .contains("answer 2 REFUSED");
            assertThat(domain(running.await(s -> true), "high").refusals()).isEqualTo(2);
            assertThat(running.audit()).contains("\"refusal\"", "no flow high -> low");
        }
    }

    @Test
    void imageThatIsNotTheMeasuredOneKeepsItsDomainDownAndNobodyElse() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("good", "low", "")
                .domain("bad", "low", "")
                .memory("f", "bad", "good");
        DaemonOptions options = fixture.options(Duration.ofSeconds(30));
        byte[] altered = "altered".getBytes(StandardCharsets.US_ASCII);
        Files.write(directory.resolve("bad.elf"), altered);
        try (DaemonFixture.Running running = new DaemonFixture.Running(PolicyDaemon.open(options), options)) {
            Snapshot snapshot = running.await(s -> all(s, "running", "good"));
            assertThat(domain(snapshot, "bad").state()).isEqualTo("refused");
            assertThat(domain(snapshot, "bad").note())
                    .contains(DaemonFixture.sha256(altered))
                    .contains(DaemonFixture.sha256("image of bad".getBytes(StandardCharsets.US_ASCII)));
            assertThat(flow(snapshot, "f").state()).isEqualTo("severed");
            assertThat(running.audit()).contains(DaemonFixture.sha256(altered));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "garbage-at:configure",
                "garbage-at:attach",
                "garbage-at:start",
                "die-at:configure",
                "die-at:attach",
                "die-at:start",
                "send-fd",
                "silent-at:configure",
                "silent-at:attach"
            })
    void misbehavingVmmEndsAloneAndIsAudited(String behaviour) throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("good", "low", "")
                .domain("bad", "low", behaviour)
                .memory("f", "bad", "good")
                .memory("g", "good", "bad");
        Duration timeout = Duration.ofSeconds(behaviour.startsWith("silent") ? 3 : 30);
        try (DaemonFixture.Running running = fixture.start(timeout)) {
            Snapshot snapshot = running.await(s -> all(s, "running", "good") && all(s, "exited", "bad"));
            assertThat(domain(snapshot, "bad").exitCode()).isNotZero();
            assertThat(flow(snapshot, "f").state()).isEqualTo("severed");
            assertThat(running.audit()).contains("\"domainKilled\"");
            if (behaviour.startsWith("garbage")) {
                assertThat(running.audit()).contains("\"protocolError\"");
            }
        }
    }

    @Test
    void deathOfAVmmRevokesItsChannelsAtThePeers() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("sender", "low", "die-at:pause")
                .domain("reader", "low", "")
                .memory("f", "sender", "reader");
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> all(s, "running", "sender", "reader"));
            try (PolicyDaemonClient client = running.client()) {
                assertThatThrownBy(() -> client.pause("sender")).hasMessage("sender is exited: expected paused");
            }
            assertThat(running.awaitSerial("reader", "revoked 1")).contains("revoked 1");
            assertThat(flow(running.await(s -> true), "f").state()).isEqualTo("severed");
        }
    }

    @Test
    void aRefusedSystemCallIsNamedInTheLogAndEndsItsVmmAlone() throws Exception {
        DaemonFixture fixture =
                new DaemonFixture(directory).domain("wild", "low", "trace").domain("calm", "low", "");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot snapshot = running.await(s -> all(s, "exited", "wild"));
            assertThat(domain(snapshot, "wild").note()).contains("ptrace(0x10, 0x1");
            assertThat(running.audit()).contains("system call refused: ptrace(0x10, 0x1");
            running.await(s -> all(s, "running", "calm"));
        }
    }

    @Test
    void operatorPausesResumesAndStops() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("one", "low", "");
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> all(s, "running", "one"));
            try (PolicyDaemonClient client = running.client()) {
                assertThatThrownBy(() -> client.resume("one")).hasMessageContaining("one is running: expected paused");
                assertThat(client.pause("one")).isEqualTo("one is paused");
                assertThat(client.resume("one")).isEqualTo("one is running");
                assertThat(client.stop("one")).isEqualTo("one is exited");
                assertThatThrownBy(() -> client.stop("two")).hasMessageContaining("no domain two");
                assertThat(domain(client.ps(), "one").exitCode()).isZero();
                assertThat(client.auditHead().records()).isGreaterThan(5);
            }
            assertThat(running.audit()).contains("\"operator\"");
        }
    }

    @Test
    void consoleInputReachesADomainOnlyWithAFlow() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("open", "high", "echo")
                .domain("shut", "high", "")
                .flow("keys", "@console", "open", "console", "");
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> all(s, "running", "open", "shut"));
            try (PolicyDaemonClient client = running.client();
                    PolicyDaemonClient.Console console = client.console("open")) {
                assertThat(console.acceptsInput()).isTrue();
                console.input().write("abc".getBytes(StandardCharsets.US_ASCII));
                assertThat(running.awaitSerial("open", "typed:")).contains("typed: abc");
            }
            try (PolicyDaemonClient client = running.client();
                    PolicyDaemonClient.Console console = client.console("shut")) {
                assertThat(console.acceptsInput()).isFalse();
            }
        }
    }

    @Test
    void loggerReceivesTheAuditStream() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("logger", "high", "await-record:1")
                .domain("other", "low", "ask:logger:event:out")
                .memory("log", "@audit", "logger");
        try (DaemonFixture.Running running = fixture.start()) {
            assertThat(running.awaitSerial("logger", "record log: ")).contains("record log: {\"seq\":");
            assertThat(flow(running.await(s -> true), "log").units()).isPositive();
        }
    }

    @Test
    void floodOfViolationsIsCountedButNotAllRecorded() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("wild", "low", "violate:500");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot snapshot = running.await(s -> domain(s, "wild").violations() == 500);
            assertThat(domain(snapshot, "wild").state()).isEqualTo("running");
            assertThat(running.audit().lines().filter(l -> l.contains("read-only-write")))
                    .hasSizeBetween(20, 100);
            running.client().stop("wild");
            assertThat(running.audit()).contains("moreSinceLastRecord");
        }
    }

    @Test
    void daemonEndsByItselfWhenAskedToOnceAllDomainsHaveEnded() throws Exception {
        DaemonFixture fixture =
                new DaemonFixture(directory).domain("zero", "low", "exit:0").domain("seventy", "low", "exit:70");
        DaemonOptions o = fixture.options(Duration.ofSeconds(30));
        DaemonOptions options = new DaemonOptions(o.stateDirectory(), o.policy(), o.vmm(), true, o.user());
        try (DaemonFixture.Running running = new DaemonFixture.Running(PolicyDaemon.open(options), options)) {
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            assertThat(outcome.success()).isFalse();
            assertThat(domain(outcome.last(), "zero").exitCode()).isZero();
            assertThat(domain(outcome.last(), "seventy").exitCode()).isEqualTo(70);
            assertThat(running.audit()).contains("\"guestFault\"", "\"domainStopped\"");
            assertThat(options.stateDirectory().resolve(DaemonOptions.reportName("seventy")))
                    .isNotEmptyFile();
        }
    }

    @Test
    void secondDaemonOnTheSameStateIsRefused() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("one", "low", "");
        try (DaemonFixture.Running running = fixture.start()) {
            assertThatThrownBy(() -> PolicyDaemon.open(running.options()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use by another daemon");
            assertThat(running.await(s -> all(s, "running", "one"))).isNotNull();
        }
    }

    @Test
    void stateDirectoryThatCannotBeMadeIsNamedWithAWayOut() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("one", "low", "");
        // A file stands where the directory should be: refused for root as well.
        Files.writeString(directory.resolve("state"), "");
        assertThatThrownBy(fixture::start)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("can't make the state directory " + directory.resolve("state"))
                .hasMessageContaining("--state");
    }

    @Test
    void stateDirectoryAndSocketAreTheOwnersOnly() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("one", "low", "");
        try (DaemonFixture.Running running = fixture.start()) {
            Path state = running.options().stateDirectory();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state)))
                    .isEqualTo("rwx------");
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(running.options().controlSocket())))
                    .isEqualTo("rw-------");
        }
        Files.setPosixFilePermissions(directory.resolve("state"), PosixFilePermissions.fromString("rwxr-x---"));
        assertThatThrownBy(() -> PolicyDaemon.open(fixture.options(Duration.ofSeconds(1))))
                .hasMessageContaining("chmod 700");
    }
}
