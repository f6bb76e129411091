package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.daemon.control.ControlClient;
import dev.cloister.policy.protocol.ControlRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Domains whose guests are asked to shut down before they are stopped. */
@Timeout(600)
class ShutDownTest {
    @TempDir
    Path directory;

    @Test
    void aGuestThatShutsDownIsNotStartedAgain() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a"));
            assertThat(client.stop("a", ControlRequest.MAX_GRACE)).isEqualTo("a is exited");
            assertThat(running.awaitSerial("a", "power button")).contains("power button");
            assertThat(domain(client.ps(), "a").state()).isEqualTo("exited");
        }
    }

    @Test
    void aGuestThatSleepsOnIsStoppedWhenItsTimeIsOver() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "sleep-on");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a"));
            assertThat(client.stop("a", 300)).isEqualTo("a is exited");
            assertThat(running.awaitSerial("a", "power button")).contains("power button");
        }
    }

    /** The button may be pressed before anybody listens but the guest's kernel. */
    @Test
    void theButtonIsPressedAgain() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "sleep-on");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a"));
            assertThat(client.stop("a", 15_000)).isEqualTo("a is exited");
            running.awaitSerial("a", "power button\npower button");
        }
    }

    @Test
    void whoeverAsksAgainWithoutGraceNeedNotWait() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "sleep-on");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient patient = running.client();
                PolicyDaemonClient hasty = running.client()) {
            running.await(s -> all(s, "running", "a"));
            CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> {
                try {
                    return patient.stop("a", ControlRequest.MAX_GRACE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            running.awaitSerial("a", "power button");
            assertThat(hasty.stop("a")).isEqualTo("a is exited");
            assertThat(first.join()).isEqualTo("a is exited");
        }
    }

    /** Its own limit must not answer for the daemon, which answers when the guest's time is over. */
    @Test
    void whoeverAsksWaitsLongerThanTheGuestMayTake() {
        for (int grace : new int[] {0, 60_000, ControlRequest.MAX_GRACE}) {
            assertThat(ControlClient.answerMillis(ControlRequest.stop("a", grace)))
                    .isGreaterThan(grace + Commands.OBEY_MILLIS);
        }
    }

    @Test
    void aGraceOutOfBoundsIsRefused() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (DaemonFixture.Running running = fixture.start();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a"));
            assertThatThrownBy(() -> client.stop("a", ControlRequest.MAX_GRACE + 1))
                    .hasMessageContaining("graceMillis");
            assertThat(domain(client.ps(), "a").state()).isEqualTo("running");
        }
    }
}
