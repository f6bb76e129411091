package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlReply.PolicyLoad;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Policies that come into force while domains run, with VMMs that have no guest. */
@Timeout(600)
class PolicyChangeTest {
    @TempDir
    private Path directory;

    /** What varies between the policies of these tests. */
    private record Shape(boolean north, boolean south, boolean east, String blackMemory, boolean extra) {
        static final Shape WHOLE = new Shape(true, true, true, "", false);
    }

    private DaemonFixture fixture(Shape shape) throws IOException {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("red", "low", "run")
                .domain("black", "high", "run" + shape.blackMemory())
                .domain("grey", "high", "run");
        if (shape.extra()) {
            fixture.domain("late", "high", "run");
            fixture.memory("to-late", "red", "late");
        }
        if (shape.north()) {
            fixture.memory("north", "red", "black");
        }
        if (shape.south()) {
            fixture.flow("south", "red", "grey", "event", "");
        }
        if (shape.east()) {
            fixture.flow("east", "black", "grey", "stream", ", \"capacity\": 4096");
        }
        return fixture;
    }

    private Path policy(Shape shape) throws IOException {
        return fixture(shape).options(Duration.ofSeconds(10)).policy().file();
    }

    private DaemonFixture.Running start(Shape shape) throws Exception {
        DaemonFixture.Running running = fixture(shape).start();
        running.await(s -> s.domains().stream().allMatch(d -> d.state().equals("running"))
                && s.flows().stream().allMatch(f -> f.state().equals("live")));
        return running;
    }

    private static PolicyLoad load(DaemonFixture.Running running, Path policy, boolean dryRun) throws IOException {
        try (PolicyDaemonClient client = running.client()) {
            return client.load(policy, dryRun);
        }
    }

    private static List<String> items(PolicyLoad load, String outcome) {
        return load.items().stream()
                .filter(item -> item.outcome().equals(outcome))
                .map(ControlReply.Item::name)
                .toList();
    }

    private static Snapshot now(DaemonFixture.Running running) throws IOException {
        try (PolicyDaemonClient client = running.client()) {
            return client.ps();
        }
    }

    @Test
    void whatIsNotGrantedAnyMoreGoesAndTheRestStays() throws Exception {
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            Snapshot before = now(running);
            PolicyLoad without = load(running, policy(new Shape(false, true, true, "", false)), false);
            assertThat(without.loaded()).isTrue();
            assertThat(items(without, "revoked")).containsExactly("north");
            assertThat(without.items().getFirst().reason()).contains("no flow north", "declared at", "policy.json:");
            assertThat(without.kept()).isEqualTo(before.flows().size() - 1);
            Snapshot after = now(running);
            assertThat(after.policyEpoch()).isEqualTo(before.policyEpoch() + 1);
            assertThat(DaemonFixture.flow(after, "south").openings()).isEqualTo(1);
            assertThat(DaemonFixture.flow(after, "east").openings()).isEqualTo(1);
            for (Snapshot.DomainView domain : after.domains()) {
                assertThat(domain.pid())
                        .isEqualTo(DaemonFixture.domain(before, domain.name()).pid());
            }
            PolicyLoad back = load(running, policy(Shape.WHOLE), false);
            assertThat(items(back, "added")).containsExactly("north");
            running.await(s -> DaemonFixture.flow(s, "north").state().equals("live"));
            assertThat(running.awaitSerial("black", "declared ")).contains("north");
            assertThat(running.audit())
                    .contains("policyLoaded", without.oldDigest(), without.digest(), "no flow north");
        }
    }

    @Test
    void addedAndChangedDomainsRunAsTheNewPolicySays() throws Exception {
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            Snapshot before = now(running);
            PolicyLoad load = load(running, policy(new Shape(true, true, true, " more", true)), false);
            assertThat(items(load, "stopped")).containsExactly("black");
            assertThat(items(load, "revoked")).contains("north", "east", "tty-black");
            Snapshot after = running.await(s -> DaemonFixture.all(s, "running", "red", "black", "grey", "late")
                    && s.flows().stream().allMatch(f -> f.state().equals("live")));
            assertThat(DaemonFixture.domain(after, "black").pid())
                    .isNotEqualTo(DaemonFixture.domain(before, "black").pid());
            assertThat(DaemonFixture.domain(after, "red").pid())
                    .isEqualTo(DaemonFixture.domain(before, "red").pid());
            assertThat(DaemonFixture.flow(after, "south").openings()).isEqualTo(1);
            load(running, policy(Shape.WHOLE), false);
            Snapshot last = running.await(s -> s.domains().size() == 3
                    && s.flows().stream().allMatch(f -> f.state().equals("live")));
            assertThat(DaemonFixture.flow(last, "south").openings()).isEqualTo(1);
        }
    }

    /** One that is only to be started again goes at once, before anybody is told to let go of anything. */
    @Test
    void whatGoesAtOnceIsNotTakenForTheLastThatGoes() throws Exception {
        DaemonFixture with = new DaemonFixture(directory)
                .domain("brief", "low", "exit:0", DaemonFixture.restartAfter("1h"))
                .domain("red", "low", "run")
                .domain("black", "high", "run")
                .memory("north", "red", "black");
        try (DaemonFixture.Running running = with.start()) {
            Snapshot before = running.await(s -> DaemonFixture.all(s, "running", "red", "black")
                    && DaemonFixture.domain(s, "brief").restarts() == 1
                    && DaemonFixture.flow(s, "north").state().equals("live"));
            DaemonFixture without = new DaemonFixture(directory)
                    .domain("red", "low", "run")
                    .domain("black", "high", "run anew")
                    .memory("north", "red", "black");
            PolicyLoad load = load(
                    running, without.options(Duration.ofSeconds(10)).policy().file(), false);
            assertThat(items(load, "stopped")).containsExactly("brief", "black");
            assertThat(load.items())
                    .filteredOn(item -> item.outcome().equals("revoked"))
                    .allMatch(item -> item.micros() > 0);
            Snapshot after = running.await(s -> DaemonFixture.all(s, "running", "red", "black")
                    && DaemonFixture.flow(s, "north").state().equals("live"));
            assertThat(DaemonFixture.domain(after, "black").pid())
                    .isNotEqualTo(DaemonFixture.domain(before, "black").pid());
        }
    }

    @Test
    void whatCantBeLoadedChangesNothing() throws Exception {
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            Snapshot before = now(running);
            Path garbage = directory.resolve("garbage.json");
            Files.writeString(garbage, "{\"version\": 1,\n  \"name\": \"test\", \"flows\": 7}");
            PolicyLoad refused = load(running, garbage, false);
            assertThat(refused.loaded()).isFalse();
            assertThat(refused.problems()).isNotEmpty();
            assertThat(refused.problems().getFirst().file()).endsWith("garbage.json");
            Path other = directory.resolve("other.json");
            Files.writeString(
                    other,
                    Files.readString(running.options().policy().file())
                            .replace("\"name\": \"test\"", "\"name\": \"other\""));
            assertThatThrownBy(() -> load(running, other, false)).hasMessageContaining("expected test");
            PolicyLoad plan = load(running, policy(new Shape(false, true, true, "", false)), true);
            assertThat(plan.loaded()).isFalse();
            assertThat(items(plan, "revoked")).containsExactly("north");
            Snapshot after = now(running);
            assertThat(after.policyDigest()).isEqualTo(before.policyDigest());
            assertThat(after.policyEpoch()).isEqualTo(before.policyEpoch());
            assertThat(after.flows()).allMatch(f -> f.state().equals("live") && f.openings() == 1);
            assertThat(running.audit()).contains("policyRefused");
        }
    }

    @Test
    void aSecondLoadIsRefusedWhileOneIsUnderWay() throws Exception {
        DaemonFixture slow = new DaemonFixture(directory)
                .domain("red", "low", "run")
                .domain("black", "high", "silent-at:revoke")
                .flow("north", "red", "black", "event", ", \"revokeWithin\": \"1s\"");
        try (DaemonFixture.Running running = slow.start()) {
            running.await(s -> DaemonFixture.flow(s, "north").state().equals("live"));
            DaemonFixture without = new DaemonFixture(directory)
                    .domain("red", "low", "run")
                    .domain("black", "high", "silent-at:revoke");
            Path policy = without.options(Duration.ofSeconds(10)).policy().file();
            CompletableFuture<PolicyLoad> first = CompletableFuture.supplyAsync(() -> {
                try {
                    return load(running, policy, false);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            // The first waits for who doesn't let go, until the flow's deadline.
            running.await(s -> s.policyEpoch() == 2);
            assertThatThrownBy(() -> load(running, policy, false))
                    .hasMessageContaining("another policy is being loaded");
            PolicyLoad done = first.join();
            assertThat(done.loaded()).isTrue();
            assertThat(done.micros()).isBetween(900_000L, 5_000_000L);
            running.await(s -> DaemonFixture.domain(s, "black").state().equals("exited"));
            assertThat(running.audit()).contains("did not let go of channel north within 1000 ms");
        }
    }

    @Test
    void epochsNeverGoBack() throws Exception {
        long last;
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            load(running, policy(Shape.WHOLE), false);
            last = load(running, policy(Shape.WHOLE), false).epoch();
            assertThat(last).isEqualTo(3);
        }
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            assertThat(now(running).policyEpoch()).isEqualTo(last + 1);
        }
    }

    @Test
    void quotasThatAreUsedUpStaySo() throws Exception {
        DaemonFixture fixture = quota(100);
        try (DaemonFixture.Running running = fixture.start()) {
            running.await(s -> DaemonFixture.flow(s, "bells").state().equals("revoked"));
            DaemonFixture without = new DaemonFixture(directory)
                    .domain("red", "low", "signal:1:200")
                    .domain("black", "high", "run");
            load(running, without.options(Duration.ofSeconds(10)).policy().file(), false);
            load(running, quota(100).options(Duration.ofSeconds(10)).policy().file(), false);
            Snapshot after = now(running);
            assertThat(DaemonFixture.flow(after, "bells").limits().quotaUsed()).isGreaterThanOrEqualTo(100);
            assertThat(DaemonFixture.flow(after, "bells").state()).isEqualTo("revoked");
        }
    }

    private DaemonFixture quota(int amount) throws IOException {
        return new DaemonFixture(directory)
                .domain("red", "low", "signal:1:200")
                .domain("black", "high", "run")
                .flow("bells", "red", "black", "event", ", \"quota\": {\"units\": " + amount + ", \"per\": \"1h\"}");
    }

    @Test
    void fiftyRandomPoliciesLeaveAConsistentDaemon() throws Exception {
        long seed = 20_261_121;
        Random random = new Random(seed);
        Shape last = Shape.WHOLE;
        try (DaemonFixture.Running running = start(Shape.WHOLE)) {
            for (int i = 0; i < 50; i++) {
                boolean changes = random.nextInt(8) == 0;
                last = new Shape(
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextBoolean(),
                        changes ? " v" + i : last.blackMemory(),
                        random.nextInt(4) == 0);
                PolicyLoad load = load(running, policy(last), false);
                assertThat(load.loaded())
                        .as("seed %d, load %d: %s", seed, i, load)
                        .isTrue();
                assertThat(load.epoch()).isEqualTo(i + 2L);
            }
            int flows = 3
                    + (last.north() ? 1 : 0)
                    + (last.south() ? 1 : 0)
                    + (last.east() ? 1 : 0)
                    + (last.extra() ? 2 : 0);
            Snapshot end = running.await(
                    s -> s.domains().stream().allMatch(d -> d.state().equals("running"))
                            && s.flows().stream().allMatch(f -> f.state().equals("live")));
            assertThat(end.flows()).as("seed %d", seed).hasSize(flows);
            assertThat(end.domains()).allMatch(d -> d.violations() == 0);
            assertThat(running.audit()).doesNotContain("protocolError", "domainKilled");
        }
    }
}
