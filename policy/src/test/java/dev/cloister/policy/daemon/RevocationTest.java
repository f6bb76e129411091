package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Revocation against VMMs that obey, don't answer, or lie. */
@Timeout(600)
class RevocationTest {
    private static final String MEMORY = ", \"recordBytes\": 256, \"records\": 64";

    @TempDir
    Path directory;

    private static boolean allRun(Snapshot snapshot) {
        return snapshot.domains().stream().allMatch(d -> d.state().equals("running"))
                && snapshot.flows().stream().allMatch(f -> f.state().equals("live"));
    }

    /** Both say that they have let go, keep every descriptor and mapping, and go on using them. */
    @Test
    void whatIsCutCarriesNothingEvenBetweenTwoLiars() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "lie")
                .domain("to", "low", "lie")
                .flow("m", "from", "to", "memory", MEMORY)
                .flow("e", "from", "to", "event", "")
                .flow("s", "from", "to", "stream", ", \"backChannel\": {\"bitsPerSecond\": 100}")
                .flow("d", "from", "to", "datagram", ", \"backChannel\": {\"bitsPerSecond\": 100}")
                .flow("l", "from", "to", "log", "");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(RevocationTest::allRun);
            for (String name : new String[] {"m", "e", "s", "d", "l"}) {
                assertThat(client.revoke(name)).contains("cut after");
            }
            // Each finds that the pages are gone: nothing written there can be read by the other any more.
            running.awaitSerial("from", "memory after revoke: gone");
            running.awaitSerial("to", "memory after revoke: gone");
            Snapshot snapshot = client.ps();
            assertThat(flow(snapshot, "e").units()).as("signals that passed").isZero();
            assertThat(flow(snapshot, "s").units()).as("bytes that passed").isZero();
            assertThat(flow(snapshot, "d").units())
                    .as("bytes of messages that passed")
                    .isZero();
            assertThat(flow(snapshot, "d").reverse())
                    .as("word of losses that passed")
                    .isZero();
            assertThat(flow(snapshot, "l").units())
                    .as("bytes of lines that passed")
                    .isZero();
            assertThat(running.audit()).contains("\"channelCut\"").contains("afterMicros");
            // The lie does not keep them from being given the channel again, with objects of its own.
            assertThat(client.open("e")).contains("is live");
            assertThat(flow(client.ps(), "e").openings()).isEqualTo(2);
        }
    }

    @Test
    void aStreamCarriesItsQuotaToTheByteAndNoMore() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "pour:1:10000")
                .domain("to", "low", "")
                .flow(
                        "s",
                        "from",
                        "to",
                        "stream",
                        ", \"backChannel\": {\"bitsPerSecond\": 100}, \"quota\": {\"bytes\": 5000, \"per\": \"1h\"}");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot used = running.await(s -> flow(s, "s").state().equals("revoked"));
            assertThat(flow(used, "s").units()).isEqualTo(5000);
            assertThat(flow(used, "s").limits().quotaUsed()).isEqualTo(5000);
            assertThat(running.audit()).contains("\"quotaLeased\"").contains("\"quotaUsedUp\"");
        }
    }

    @Test
    void aStreamWhoseReverseTheLabelsAllowNeedsNoBudgetForIt() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "pour:1:1000000")
                .domain("to", "low", "drink:1:1000000")
                .flow("s", "from", "to", "stream", "");
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> flow(s, "s").units() == 1_000_000);
        }
    }

    @Test
    void datagramsCarryTheirQuotaAndNoMoreAndNoneIsCutInTwo() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "message:1:80:92")
                .domain("to", "low", "")
                .flow("d", "from", "to", "datagram", ", \"quota\": {\"bytes\": 5050, \"per\": \"1h\"}");
        try (DaemonFixture.Running running = fixture.start()) {
            Snapshot used = running.await(s -> flow(s, "d").state().equals("revoked"));
            // A message costs its 92 bytes and 8 more; half of one can't pass. The receiver reads none: what its pipe
            // can't hold is lost.
            assertThat(flow(used, "d").units() + flow(used, "d").refused() * 100)
                    .isEqualTo(5000);
            assertThat(flow(used, "d").refused()).isEqualTo(18);
            assertThat(flow(used, "d").limits().quotaUsed()).isEqualTo(5050);
            assertThat(running.audit()).contains("\"quotaLeased\"").contains("\"quotaUsedUp\"");
        }
    }

    @Test
    void anAnswerForAnotherOpeningEndsTheVmm() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "")
                .domain("to", "low", "old-epoch")
                .flow("e", "from", "to", "event", "");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(RevocationTest::allRun);
            client.revoke("e");
            client.open("e");
            client.revoke("e");
            Snapshot snapshot = running.await(s -> s.domains().stream()
                    .anyMatch(d -> d.name().equals("to") && d.state().equals("exited")));
            assertThat(snapshot.domains().getLast().note()).contains("not expected now");
            assertThat(running.audit()).contains("\"protocolError\"").contains("of epoch 1");
        }
    }
}
