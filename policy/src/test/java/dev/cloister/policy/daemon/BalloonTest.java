package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Balloons of domains: who has one, what changes it, and what the log says of that. */
@Timeout(600)
class BalloonTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path directory;

    private DaemonFixture fixture(String behaviour) throws Exception {
        return new DaemonFixture(directory)
                .domain("guest", "high", behaviour, ", \"memory\": {\"size\": \"16M\", \"balloon\": \"4M\"}")
                .domain("plain", "high", "plain");
    }

    @Test
    void sizeReachesTheGuestAndItsWordComesBack() throws Exception {
        try (DaemonFixture.Running daemon = fixture("plain").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.all(s, "running", "guest", "plain"));
            ControlReply.Balloon said = client.balloon("guest", 8 * MIB);
            assertThat(said).isEqualTo(new ControlReply.Balloon("guest", 8 * MIB, 4096, 8192, Map.of("free", MIB)));
            assertThat(daemon.audit()).contains("balloon 8388608");
            long records = client.auditHead().records();
            client.balloon("guest", ControlRequest.KEEP_BALLOON);
            assertThat(client.auditHead().records())
                    .as("asking changes nothing")
                    .isEqualTo(records);
        }
    }

    @Test
    void refusalsSayWhatWasExpected() throws Exception {
        try (DaemonFixture.Running daemon = fixture("plain").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.all(s, "running", "guest", "plain"));
            assertThatThrownBy(() -> client.balloon("plain", 0)).hasMessageContaining("plain has no balloon");
            assertThatThrownBy(() -> client.balloon("guest", 17 * MIB))
                    .hasMessageContaining("expected 0 to 16777216, its memory");
            client.stop("guest");
            assertThatThrownBy(() -> client.balloon("guest", 0)).hasMessageContaining("guest is exited: expected");
        }
    }

    @Test
    void processThatEndsInsteadOfAnsweringIsNotWaitedFor() throws Exception {
        try (DaemonFixture.Running daemon = fixture("die-at:setballoon").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.all(s, "running", "guest"));
            assertThatThrownBy(() -> client.balloon("guest", MIB)).hasMessageContaining("did not say");
            daemon.await(s -> DaemonFixture.all(s, "exited", "guest"));
        }
    }
}
