package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.partition.HostMechanisms;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The policy daemon is killed: what lives follows the policy's word, and the log keeps all that was acknowledged. */
class DaemonLossTest {
    /** Below what the keeper gives up at. */
    private static final int ROUNDS = 3;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    /** Under {@code sever} the domains are taken over, but find their channel severed and switch off. */
    @Test
    void severedByTheNextDaemon() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, "sever", 1_000_000);
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            up.daemon().destroyForcibly();
            // What the guests say last is not heard: their consoles were flows too.
            up.command().await().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
        assertThat(Files.readString(cloister.auditLog("loss")))
                .contains("is taken over")
                .contains("channelRevoked", "the daemon was lost");
    }

    /** Under {@code keep} the live channel goes on, and no guest starts again. */
    @Test
    void killedDaemonComesBackKnowingItsDomains() throws Exception {
        String word = "keep";
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, word, 1_000_000);
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            long writer = up.domain("writer").pid();
            long reader = up.domain("reader").pid();
            int descriptors = 0;
            for (int round = 1; round <= ROUNDS; round++) {
                ControlReply.AuditHead acknowledged;
                try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
                    acknowledged = client.auditHead();
                }
                Snapshot before = up.now();
                ProcessHandle daemon = up.daemon();
                long killed = System.nanoTime();
                daemon.destroyForcibly();
                Snapshot after = again(up, before.pid());
                System.out.printf(
                        "%s: channels live again %d ms after kill -9%n",
                        word, (System.nanoTime() - killed) / 1_000_000);
                assertThat(Up.domain(after, "writer").pid()).isEqualTo(writer);
                assertThat(Up.domain(after, "reader").pid()).isEqualTo(reader);
                long epoch = Up.flow(before, "data").openings();
                assertThat(Up.flow(after, "data").openings()).isEqualTo(epoch);
                nothingAcknowledgedIsLost(cloister, acknowledged);
                int open = descriptors(after.pid());
                assertThat(round == 1 ? open : descriptors)
                        .as("descriptors of the daemon")
                        .isEqualTo(open);
                descriptors = open;
            }
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** A guest that stands still does so under the next daemon as well, which knows it though the VMM can't say so yet. */
    @Test
    void whatWasPausedIsPausedUnderTheNextDaemon() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, "keep", 1_000_000);
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
                client.pause("reader");
            }
            Snapshot before = up.now();
            String vmm = Long.toString(Up.domain(before, "reader").pid());
            cloister.runCommand(List.of("kill", "-STOP", vmm)).expect(0);
            Snapshot first;
            try {
                up.daemon().destroyForcibly();
                first = up.again(s -> s.pid() != before.pid(), "the next daemon");
            } finally {
                cloister.runCommand(List.of("kill", "-CONT", vmm)).expect(0);
            }
            assertThat(Up.domain(first, "reader").state()).isEqualTo("paused");
            assertThat(Up.domain(first, "writer").state()).isEqualTo("running");
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
                client.resume("reader");
            }
            long units = Up.flow(up.now(), "data").units();
            up.until(s -> Up.flow(s, "data").units() > units + 20, "records that pass again");
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** Domains under a schedule are taken over into frames of the next daemon, and run on in them. */
    @Test
    void framesGoOnUnderTheNextDaemon() throws Exception {
        boolean freezer = HostMechanisms.available().getFirst().enforced();
        if (!freezer) {
            System.out.println("skipped: this process may not make groups in a freezer, which keeps frames");
        }
        assumeTrue(freezer);
        Cloister cloister = Cloister.fresh();
        Path policy = domains(cloister, 1_000_000)
                .memory("data", "writer", "reader")
                .onDaemonLoss("keep")
                .with(", \"schedule\": {\"majors\": [{\"name\": \"only\", \"cpus\": [{\"cpu\": 0, \"minors\":"
                        + " [{\"domain\": \"writer\", \"for\": \"20ms\"}, {\"domain\": \"reader\", \"for\":"
                        + " \"20ms\"}]}]}]}")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            Snapshot before = up.now();
            up.daemon().destroyForcibly();
            Snapshot after = again(up, before.pid());
            for (String name : List.of("writer", "reader")) {
                assertThat(Up.domain(after, name).pid())
                        .isEqualTo(Up.domain(before, name).pid());
            }
            long units = Up.flow(after, "data").units();
            up.until(s -> Up.flow(s, "data").units() > units + 20, "records that pass in frames of the next daemon");
            assertThat(after.schedule()).hasSize(1);
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** A window that is counted from the policy's start doesn't open again because the daemon was killed. */
    @Test
    void aWindowThatIsOverStaysClosed() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = domains(cloister, 1_000_000)
                .memory("data", "writer", "reader")
                .event("alarm", "writer", "reader")
                .onDaemonLoss("keep")
                .with(", \"windows\": [{\"name\": \"early\", \"after\": \"0s\", \"for\": \"2s\"}]")
                .write();
        Files.writeString(
                policy,
                Files.readString(policy).replace("\"kind\": \"event\"", "\"kind\": \"event\", \"when\": \"early\""));
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            Snapshot before = up.until(s -> !Up.flow(s, "alarm").state().equals("live"), "the end of the window");
            assertThat(Up.flow(before, "alarm").openings()).isEqualTo(1);
            up.daemon().destroyForcibly();
            Snapshot after = again(up, before.pid());
            assertThat(Up.flow(after, "alarm").state()).isNotEqualTo("live");
            up.shutdown().expect(0);
        }
        assertThat(Files.readString(cloister.auditLog("loss")).split("\"windowOpened\"", -1))
                .hasSize(2);
    }

    /** What was taken away by a load must not come back because the daemon was killed. */
    @Test
    void theNextDaemonRunsThePolicyThatWasLoadedLast() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path less = Files.move(
                policy(cloister, "sever", 1_000_000), cloister.folder().resolve("less.json"));
        Path policy = domains(cloister, 1_000_000)
                .memory("data", "writer", "reader")
                .event("alarm", "writer", "reader")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            cloister.run("policy", "load", less.toString()).expect(0);
            Snapshot before = up.now();
            assertThat(before.flows()).noneMatch(flow -> flow.name().equals("alarm"));
            up.daemon().destroyForcibly();
            Snapshot after = again(up, before.pid());
            assertThat(after.policyDigest()).isEqualTo(before.policyDigest());
            assertThat(after.flows()).noneMatch(flow -> flow.name().equals("alarm"));
            // Another text under the same name is not what was in force.
            Files.writeString(less, Files.readString(less).replace("8M", "9M"));
            up.daemon().destroyForcibly();
            assertThat(up.command().await().expect(69).err()).contains("was changed after it had come into force");
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** Nobody is left to start it again: the VMMs end by themselves under {@code sever}; the next daemon ends what is left. */
    @ParameterizedTest
    @CsvSource({"sever", "keep"})
    void withoutKeeperNothingStaysBehind(String word) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, word, 1_000_000);
        ProcessHandle writer;
        ControlReply.AuditHead acknowledged;
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            writer = up.vmm("writer");
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
                acknowledged = client.auditHead();
            }
            ProcessHandle daemon = up.daemon();
            daemon.parent().orElseThrow().destroyForcibly();
            daemon.destroyForcibly();
            if ("sever".equals(word)) {
                writer.onExit().get(240, TimeUnit.SECONDS);
            }
            nothingAcknowledgedIsLost(cloister, acknowledged);
            anotherDaemonGoesOnWithTheSameLog(cloister, policy);
            writer.onExit().get(240, TimeUnit.SECONDS);
        }
    }

    private static Path policy(Cloister cloister, String word, int limit) throws Exception {
        return domains(cloister, limit)
                .memory("data", "writer", "reader")
                .onDaemonLoss(word)
                .write();
    }

    private static PolicyFile domains(Cloister cloister, int limit) throws Exception {
        return PolicyFile.in(cloister.folder(), "loss")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ " + limit))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ " + limit));
    }

    /** Awaits another daemon whose channel is live. */
    private static Snapshot again(Up up, long oldPid) throws Exception {
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(4);
        while (System.nanoTime() < until) {
            try {
                return up.until(
                        s -> s.pid() != oldPid
                                && "live".equals(Up.flow(s, "data").state()),
                        "a live channel again");
            } catch (IOException e) {
                // The next daemon does not listen yet.
                Thread.onSpinWait();
            }
        }
        throw new AssertionError("no daemon came back\n" + up.command().err());
    }

    private static int descriptors(long pid) throws IOException {
        try (var all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return (int) all.count();
        }
    }

    private static void nothingAcknowledgedIsLost(Cloister cloister, ControlReply.AuditHead acknowledged)
            throws Exception {
        Json verified = cloister.run("audit", "verify", "--json", "--expect-head", acknowledged.hash())
                .expect(0)
                .json();
        assertThat(verified.number("records")).isGreaterThanOrEqualTo(acknowledged.records());
    }

    private static void anotherDaemonGoesOnWithTheSameLog(Cloister cloister, Path policy) throws Exception {
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: 20 records");
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
        assertThat(Files.readString(cloister.auditLog("loss")).split("\"event\":\"daemonStart\"", -1))
                .hasSize(3);
    }
}
