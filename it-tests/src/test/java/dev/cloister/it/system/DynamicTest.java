package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Channels that are taken away and come back, and domains that stop and start again, under traffic of real guests. */
class DynamicTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static Path policy(Cloister cloister, String name) throws Exception {
        return PolicyFile.in(cloister.folder(), name)
                .domain("writer", Guests.assemble(cloister.folder(), "lasting-writer"))
                .domain("reader", Guests.assemble(cloister.folder(), "lasting-reader"))
                .memory("data", "writer", "reader")
                .event("alarm", "writer", "reader")
                .backStream("talk", "writer", "reader")
                .write();
    }

    @Test
    void channelsOfEveryKindComeBackUnderTraffic() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, "coming"));
                PolicyDaemonClient client = PolicyDaemonClient.connect(up.socket())) {
            up.command().awaitOut("record of opening 1");
            up.command().awaitOut("byte of opening 1");
            for (int opening = 2; opening <= 4; opening++) {
                int now = opening;
                for (String flow : new String[] {"data", "alarm", "talk"}) {
                    assertThat(client.revoke(flow)).startsWith("flow " + flow + " is revoked");
                    assertThat(Up.flow(up.now(), flow).state()).isEqualTo("revoked");
                    assertThat(client.open(flow)).isEqualTo("flow " + flow + " is live");
                }
                up.command().awaitOut("record of opening " + now);
                up.command().awaitOut("byte of opening " + now);
                long signals = Up.flow(up.now(), "alarm").units();
                up.until(s -> Up.flow(s, "alarm").units() > signals, "signals of opening " + now);
            }
            cloister.run("revoke", "data").expect(0);
            cloister.run("open", "data").expect(0);
            assertThat(cloister.run("ps", "--flows").expect(0).out()).contains("OPENED", "talk");
            Finished end = up.shutdown().expect(0);
            assertThat(end.out()).doesNotContain("ring-corrupt");
        }
        cloister.run("audit", "verify").expect(0);
    }

    @Test
    void oneSideStopsAndStartsAndTheOtherGoesOn() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, "restarting"))) {
            up.command().awaitOut("record of opening 1");
            cloister.run("stop", "writer").expect(0);
            up.until(s -> Up.flow(s, "talk").state().equals("severed"), "severed channels");
            assertThat(cloister.run("start", "writer", "--json")
                            .expect(0)
                            .json()
                            .flag("ok"))
                    .isTrue();
            up.command().awaitOut("record of opening 2");
            up.command().awaitOut("byte of opening 2");
            long pid = up.domain("writer").pid();
            cloister.run("stop", "reader").expect(0);
            cloister.run("start", "reader").expect(0);
            up.command().awaitOut("record of opening 3");
            up.command().awaitOut("byte of opening 3");
            assertThat(up.domain("writer").pid()).isEqualTo(pid);
            up.shutdown().expect(0);
        }
    }

    @Test
    void aWindowOpensAndClosesAChannelBetweenRunningGuests() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "timed")
                .domain("writer", Guests.assemble(cloister.folder(), "writer", "LIMIT equ 1000000"))
                .domain("reader", Guests.assemble(cloister.folder(), "reader", "LIMIT equ 1000000"))
                .memory("data", "writer", "reader", "soon")
                .with(", \"windows\": [{\"name\": \"soon\", \"after\": \"0s\", \"for\": \"6s\"}]")
                .write();
        try (Up up = Up.start(cloister, policy)) {
            // Both guests end when their channel does.
            Finished end = up.command().await().expect(0);
            assertThat(end.out()).contains("reader: severed", "writer: severed");
        }
    }
}
