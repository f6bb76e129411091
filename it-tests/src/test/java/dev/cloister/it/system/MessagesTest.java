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

/** Datagrams between two real guests. */
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
}
