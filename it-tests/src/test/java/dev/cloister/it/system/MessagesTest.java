package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Datagrams and logs between real guests. */
class MessagesTest {
    private static final int MESSAGE = 92;
    private static final int COST = 100;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static Path policy(Cloister cloister, String name, int burst, int reads, String limits) throws Exception {
        String size = "MESSAGE equ " + MESSAGE;
        return PolicyFile.in(cloister.folder(), name)
                .domain("writer", Guests.assemble(cloister.folder(), "message-writer", size + "\nBURST equ " + burst))
                .domain("reader", Guests.assemble(cloister.folder(), "message-reader", size + "\nREADS equ " + reads))
                .flow("gram", "writer", "reader", "datagram", limits)
                .write();
    }

    @Test
    void messagesComeWholeInOrderAndInEachOpening() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, "whole", 2, 1000, "");
        try (Up up = Up.start(cloister, policy);
                PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
            up.command().awaitOut("message of opening 1");
            up.command().awaitOut("100 messages, 0 lost");
            for (int opening = 2; opening <= 3; opening++) {
                assertThat(client.revoke("gram")).startsWith("flow gram is revoked");
                assertThat(client.open("gram")).isEqualTo("flow gram is live");
                up.command().awaitOut("message of opening " + opening);
            }
            assertThat(Up.flow(up.now(), "gram").units()).isGreaterThanOrEqualTo(100L * COST);
            assertThat(Up.flow(up.now(), "gram").reverse()).as("word of losses").isZero();
            Finished end = up.shutdown().expect(0);
            assertThat(end.out()).doesNotContain("gap").doesNotContain("size").doesNotContain("ring-corrupt");
            assertThat(end.out()).doesNotContain("told of losses");
        }
        cloister.run("audit", "verify").expect(0);
    }

    @Test
    void whatASlowReaderLosesIsCountedAtItsEndAndToldAtTheBudget() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(
                cloister,
                "lossy",
                20,
                10,
                ", \"records\": 4, \"recordBytes\": 128, \"backChannel\": {\"bitsPerSecond\": 2}");
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("told of losses");
            up.command().awaitOut("reader: 200 messages");
            Snapshot.FlowView flow = up
                    .until(s -> Up.flow(s, "gram").refused() > 100, "losses that the reader's end reports")
                    .flows()
                    .stream()
                    .filter(f -> f.name().equals("gram"))
                    .findFirst()
                    .orElseThrow();
            assertThat(flow.reverse()).as("words of losses, two a second").isBetween(1L, flow.refused() / 10);
            Finished end = up.shutdown().expect(0);
            assertThat(end.out()).doesNotContain("gap").doesNotContain("size");
        }
    }

    @Test
    void aRateIsKeptAgainstAGuestThatSendsAllItCan() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister, "rated", 1000, 1000, ", \"rate\": {\"perSecond\": 5000, \"burst\": 2000}");
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("message of opening 1");
            long begun = System.nanoTime();
            long units = Up.flow(up.now(), "gram").units();
            up.command().awaitOut("100 messages, 0 lost");
            long more = Up.flow(up.now(), "gram").units() - units;
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertThat((double) more).isLessThanOrEqualTo(2000 + 5000 * seconds);
            assertThat(up.shutdown().expect(0).out()).doesNotContain("gap");
        }
    }

    @Test
    void aLogIsPrintableBoundedAndCounted() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "logging")
                .domain("writer", Guests.assemble(cloister.folder(), "log-writer", "BURST equ 20"))
                .domain("reader", Guests.assemble(cloister.folder(), "log-reader", "LINES equ 2"))
                .flow("notes", "writer", "reader", "log", ", \"rate\": {\"perSecond\": 2000, \"burst\": 2000}")
                .write();
        try (Up up = Up.start(cloister, policy);
                PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
            up.command().awaitOut("reader: line \\x1b[2J\\x0areader: forged\\x0d\\x00\\xff");
            up.command().awaitOut("reader: line the valve is open");
            up.command().awaitOut(" suppressed");
            Snapshot.FlowView notes =
                    Up.flow(up.until(s -> Up.flow(s, "notes").refused() > 200, "lines that were suppressed"), "notes");
            assertThat(notes.reverse()).isZero();
            assertThat(client.revoke("notes")).startsWith("flow notes is revoked");
            assertThat(client.open("notes")).isEqualTo("flow notes is live");
            long units = Up.flow(up.now(), "notes").units();
            up.until(s -> Up.flow(s, "notes").units() > units, "lines of another opening");
            String out = up.shutdown().expect(0).out();
            assertThat(out).doesNotContain("\u001b[2J").doesNotContain("ring-corrupt");
            assertThat(out.lines().filter(line -> line.contains("reader: forged") && !line.contains("line")))
                    .isEmpty();
        }
        cloister.run("audit", "verify").expect(0);
    }

    @Test
    void theAuditLogCanBeHeardAsALog() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "hearing")
                .domain("reader", Guests.assemble(cloister.folder(), "log-reader", "LINES equ 3"))
                .flow("notes", "@audit", "reader", "log", ", \"recordBytes\": 4096")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            up.command().awaitOut("reader: line {\"seq\":");
            up.shutdown().expect(0);
        }
    }
}
