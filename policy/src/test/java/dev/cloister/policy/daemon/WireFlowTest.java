package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Wires between domains: bare frames, each direction a flow with limits of its own, cut by the daemon whatever a VMM does. */
@Timeout(600)
class WireFlowTest {
    @TempDir
    Path directory;

    /** In each directory the serial line is first, then what {@code a} sends, then what {@code b} sends. */
    private DaemonFixture fixture(String a, String b, String limits) throws Exception {
        return new DaemonFixture(directory)
                .domain("a", "high", a)
                .domain("b", "high", b)
                .flow("there", "a", "b", "wire", limits)
                .flow("back", "b", "a", "wire", "");
    }

    private static boolean live(Snapshot snapshot) {
        return DaemonFixture.flow(snapshot, "there").state().equals("live")
                && DaemonFixture.flow(snapshot, "back").state().equals("live");
    }

    @Test
    void framesPassBothWaysAsTheyAre() throws Exception {
        try (DaemonFixture.Running daemon = fixture(
                        "frame:1:ping:60 await-frame:2", "await-frame:1 frame:2:pong:1518", "")
                .start()) {
            assertThat(daemon.awaitSerial("b", "wrote pong")).contains("frame of 60: ping");
            assertThat(daemon.awaitSerial("a", "frame of")).contains("frame of 1518: pong");
            Snapshot seen = daemon.await(s -> live(s)
                    && DaemonFixture.flow(s, "there").units() == 60
                    && DaemonFixture.flow(s, "back").units() == 1518);
            assertThat(DaemonFixture.flow(seen, "there").refused()).isZero();
            assertThat(daemon.audit()).contains("there", "back");
        }
    }

    @Test
    void framesThatNoLinkCarriesAreDroppedAndCounted() throws Exception {
        try (DaemonFixture.Running daemon = fixture(
                        "frame:1:short:13 frame:1:long:1519 frame:1:least:14", "await-frame:1", "")
                .start()) {
            assertThat(daemon.awaitSerial("b", "frame of")).contains("frame of 14: least");
            Snapshot seen = daemon.await(s -> DaemonFixture.flow(s, "there").refused() == 2
                    && DaemonFixture.flow(s, "there").units() == 14);
            assertThat(DaemonFixture.domain(seen, "a").state()).isEqualTo("running");
        }
    }

    @Test
    void fullFramePassesWhereTheRateHoldsOneAtOnce() throws Exception {
        String rate = ", \"rate\": {\"perSecond\": 100000, \"burst\": 1514}";
        try (DaemonFixture.Running daemon =
                fixture("frame:1:full:1514", "await-frame:1", rate).start()) {
            assertThat(daemon.awaitSerial("b", "frame of")).contains("frame of 1514: full");
        }
    }

    @Test
    void directionWhoseQuotaIsUsedUpIsTakenAwayAndTheOtherGoesOn() throws Exception {
        String quota = ", \"quota\": {\"bytes\": 1600, \"per\": \"1h\"}";
        try (DaemonFixture.Running daemon = fixture("frame:1:one:1500 frame:1:two:1500", "await-frame:1", quota)
                .start()) {
            assertThat(daemon.awaitSerial("a", "revoked 1")).contains("wrote two");
            Snapshot seen =
                    daemon.await(s -> DaemonFixture.flow(s, "there").state().equals("revoked"));
            assertThat(DaemonFixture.flow(seen, "there").units()).isLessThanOrEqualTo(1600);
            assertThat(DaemonFixture.flow(seen, "back").state()).isEqualTo("live");
        }
    }

    @Test
    void revokedWireCarriesNothingEvenFromAVmmThatKeepsItsEnd() throws Exception {
        try (DaemonFixture.Running daemon = fixture("lie", "plain", "").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(WireFlowTest::live);
            client.revoke("there");
            Snapshot cut =
                    daemon.await(s -> DaemonFixture.flow(s, "there").state().equals("revoked"));
            assertThat(daemon.awaitSerial("a", "write after revoke")).contains("write after revoke: EPIPE");
            assertThat(DaemonFixture.flow(cut, "back").state()).isEqualTo("live");
            client.open("there");
            Snapshot again =
                    daemon.await(s -> live(s) && DaemonFixture.flow(s, "there").openings() == 2);
            assertThat(DaemonFixture.flow(again, "there").units()).isZero();
        }
    }

    @Test
    void tapThatIsNotThereLeavesTheFlowsRefusedWithAReason() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "high", "plain")
                .host(", \"taps\": {\"lan\": {\"interface\": \"cloister-none\", \"label\": {\"level\": \"high\"}}}")
                .flow("there", "a", "@tap:lan", "wire", "")
                .flow("back", "@tap:lan", "a", "wire", "");
        try (DaemonFixture.Running daemon = fixture.start()) {
            Snapshot seen =
                    daemon.await(s -> DaemonFixture.domain(s, "a").state().equals("running"));
            assertThat(DaemonFixture.flow(seen, "there").state()).isEqualTo("refused");
            assertThat(DaemonFixture.flow(seen, "back").state()).isEqualTo("refused");
            assertThat(daemon.audit()).contains("cloister-none").contains("ENODEV");
        }
    }
}
