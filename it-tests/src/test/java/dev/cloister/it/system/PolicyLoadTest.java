package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Policies that are loaded while real guests work. */
class PolicyLoadTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    private static Path policy(Cloister cloister, boolean data, boolean more) throws Exception {
        PolicyFile policy = PolicyFile.in(cloister.folder(), "loaded")
                .domain("writer", Guests.assemble(cloister.folder(), "lasting-writer"))
                .domain("reader", Guests.assemble(cloister.folder(), "lasting-reader"));
        if (data) {
            policy.memory("data", "writer", "reader");
        }
        policy.event("alarm", "writer", "reader").backStream("talk", "writer", "reader");
        if (more) {
            policy.memory("more", "writer", "reader").event("bell", "reader", "writer");
        }
        return policy.write();
    }

    @Test
    void aFlowGoesAndComesBackUnderTrafficAndTheOthersGoOn() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, true, false))) {
            up.command().awaitOut("record of opening 1");
            up.command().awaitOut("byte of opening 1");
            Snapshot before = up.now();
            Path without = policy(cloister, false, false);
            assertThat(cloister.run("policy", "load", "--dry-run", without.toString())
                            .expect(0)
                            .out())
                    .contains("data", "revoked", "nothing was changed");
            assertThat(up.now().policyEpoch()).isEqualTo(1);
            Finished load = cloister.run("policy", "load", without.toString()).expect(0);
            assertThat(load.out()).contains("data", "revoked", "1 revoked", "epoch 2");
            Snapshot after = up.now();
            assertThat(after.flows()).noneMatch(flow -> flow.name().equals("data"));
            stays(up, before, after, "alarm");
            stays(up, before, after, "talk");
            cloister.run("policy", "load", policy(cloister, true, false).toString())
                    .expect(0);
            up.until(s -> Up.flow(s, "data").state().equals("live"), "the flow that came back");
            up.command().awaitOut("record of opening 2");
            stays(up, before, up.now(), "talk");
            garbage(cloister, up);
            up.shutdown().expect(0);
        }
        cloister.run("audit", "verify").expect(0);
    }

    /** The same channel, and what it carries goes on. */
    private static void stays(Up up, Snapshot before, Snapshot now, String flow) throws Exception {
        assertThat(Up.flow(now, flow).openings())
                .isEqualTo(Up.flow(before, flow).openings());
        long units = Up.flow(now, flow).units();
        up.until(s -> Up.flow(s, flow).units() > units, "more of " + flow);
    }

    private static void garbage(Cloister cloister, Up up) throws Exception {
        Snapshot before = up.now();
        Path garbage = cloister.folder().resolve("garbage.json");
        Files.writeString(garbage, "{\"version\": 1,\n \"name\": \"loaded\", \"flows\": 7}");
        assertThat(cloister.run("policy", "load", garbage.toString()).expect(65).out())
                .contains("garbage.json:2:", "error CLP");
        assertThat(up.now().policyDigest()).isEqualTo(before.policyDigest());
        assertThat(up.now().policyEpoch()).isEqualTo(before.policyEpoch());
        stays(up, before, up.now(), "talk");
    }

    @Test
    void aFlowThatWasNotThereOpensBetweenRunningGuests() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.start(cloister, policy(cloister, true, false))) {
            up.command().awaitOut("record of opening 1");
            long pid = up.domain("reader").pid();
            cloister.run("policy", "load", policy(cloister, true, true).toString())
                    .expect(0);
            Snapshot after = up.until(
                    s -> Up.flow(s, "more").state().equals("live")
                            && Up.flow(s, "bell").state().equals("live"),
                    "channels that no directory had");
            assertThat(Up.domain(after, "reader").pid()).isEqualTo(pid);
            assertThat(Up.flow(after, "more").openings()).isEqualTo(1);
            assertThat(after.domains()).allMatch(domain -> domain.state().equals("running"));
            up.shutdown();
        }
    }
}
