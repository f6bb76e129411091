package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.partition.HostMechanisms;
import dev.cloister.policy.partition.StopperFactory;
import dev.cloister.policy.protocol.ScheduleView;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Domains under a schedule are started, talk, are paused, revoked, stopped and started again, each in its frames. */
class ScheduleTest {
    private static final String SCHEDULE = """
        , "schedule": {"majors": [
          {"name": "day", "cpus": [{"cpu": 0, "minors": [{"domain": "left", "for": "10ms"}, {"domain": "right", "for": "10ms"}]}]},
          {"name": "night", "cpus": [{"cpu": 0, "minors": [{"domain": "right", "for": "5ms"}, {"domain": "left", "for": "5ms"}]}]}]}\
        """;

    @TempDir
    Path folder;

    @BeforeAll
    static void aFreezerIsNeeded() {
        StopperFactory best = HostMechanisms.available().getFirst();
        if (!best.enforced()) {
            System.out.println("skipped: this process may make no groups in the hierarchy of a freezer");
        }
        assumeTrue(best.enforced(), "no freezer here");
    }

    @Test
    void everythingGoesOnWithinTheFrames() throws Exception {
        DaemonFixture fixture = fixture();
        try (DaemonFixture.Running daemon = fixture.start();
                PolicyDaemonClient client = daemon.client()) {
            Snapshot running = daemon.await(s -> DaemonFixture.all(s, "running", "left", "right"));
            ScheduleView schedule = running.schedule().getFirst();
            assertThat(schedule.enforced()).isTrue();
            assertThat(schedule.frames())
                    .extracting(ScheduleView.FrameView::domain)
                    .contains("left", "right");
            daemon.await(s -> DaemonFixture.flow(s, "ring").state().equals("live"));
            client.revoke("ring");
            client.open("ring");
            client.pause("left");
            client.resume("left");
            client.stop("right");
            client.start("right");
            assertThat(client.useMajor("night")).contains("night follows");
            daemon.await(s -> s.schedule().getFirst().major().equals("night"));
            Snapshot then = daemon.await(s -> starts(s, "night") > 20);
            assertThat(starts(then, "day")).isPositive();
            assertThatThrownBy(() -> client.useMajor("dawn"))
                    .isInstanceOf(PolicyDaemonClient.RefusedException.class)
                    .hasMessageContaining("expected day, night");
            assertThat(daemon.audit()).contains("schedule use night");
        }
    }

    @Test
    void aLoadedPolicyBringsChangesAndTakesTheSchedule() throws Exception {
        DaemonFixture fixture = fixture().more("");
        try (DaemonFixture.Running daemon = fixture.start();
                PolicyDaemonClient client = daemon.client()) {
            Snapshot free = daemon.await(s -> DaemonFixture.all(s, "running", "left", "right"));
            assertThat(free.schedule()).isEmpty();
            load(client, fixture.more(SCHEDULE));
            daemon.await(s -> !s.schedule().isEmpty() && starts(s, "day") > 20);
            load(client, fixture.more(SCHEDULE.replace("night", "dusk").replace("\"day\"", "\"dawn\"")));
            Snapshot changed =
                    daemon.await(s -> s.schedule().getFirst().major().equals("dawn") && starts(s, "dawn") > 20);
            assertThat(DaemonFixture.all(changed, "running", "left", "right")).isTrue();
            load(client, fixture.more(""));
            daemon.await(s -> s.schedule().isEmpty());
            client.pause("left");
            client.resume("left");
        }
    }

    private static void load(PolicyDaemonClient client, DaemonFixture fixture) throws Exception {
        assertThat(client.load(fixture.options(Duration.ofSeconds(30)).policy().file(), false)
                        .loaded())
                .isTrue();
    }

    @Test
    void aVmmThatDoesNotAnswerIsKilledWhereverItStands() throws Exception {
        DaemonFixture fixture = new DaemonFixture(folder)
                .domain("left", "low", "silent-at:stop")
                .domain("right", "low", "")
                .more(SCHEDULE);
        try (DaemonFixture.Running daemon = fixture.start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(s -> DaemonFixture.all(s, "running", "left", "right"));
            assertThat(client.stop("left")).contains("exited");
        }
    }

    private DaemonFixture fixture() throws Exception {
        return new DaemonFixture(folder)
                .domain("left", "low", "")
                .domain("right", "low", "")
                .memory("ring", "left", "right")
                .more(SCHEDULE);
    }

    private static long starts(Snapshot snapshot, String major) {
        return snapshot.schedule().getFirst().frames().stream()
                .filter(frame -> frame.major().equals(major))
                .mapToLong(ScheduleView.FrameView::starts)
                .sum();
    }
}
