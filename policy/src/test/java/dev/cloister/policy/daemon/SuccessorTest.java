package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static dev.cloister.policy.daemon.DaemonFixture.flow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.keeper.Keeper;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a daemon that is started in place of a killed one knows of the operator's orders and of the policy's, from its first moment on:
 * daemons in processes of their own under a keeper.
 */
@Timeout(600)
class SuccessorTest {
    private static final String AN_HOUR_LATER = DaemonFixture.restartAfter("1h");
    private static final String SECONDS_LATER = DaemonFixture.restartAfter("3s");
    private static final String AT_ONCE = DaemonFixture.restartAfter("0s");
    private static final int MINUTE_MILLIS = 60_000;
    private static final int SHORT_GRACE_MILLIS = 2_000;
    private static final int LONGEST_WINDOW_SECONDS = 80;

    @TempDir
    Path directory;

    /** A daemon under its keeper. */
    private static final class Line implements AutoCloseable {
        private final DaemonOptions options;
        private final Keeper keeper;
        private final CompletableFuture<Integer> end = new CompletableFuture<>();

        Line(DaemonFixture fixture, Path folder) throws IOException {
            options = fixture.options(Duration.ofMinutes(2));
            List<String> command = new ArrayList<>(DaemonFixture.java(PolicyDaemonMain.class.getName()));
            command.addAll(List.of(
                    "--policy",
                    options.policy().file().toString(),
                    "--state",
                    options.stateDirectory().toString(),
                    "--kvm",
                    "/dev/null",
                    "--accept-unenforced",
                    "--"));
            command.addAll(options.vmm().command());
            keeper = new Keeper(command, folder, System.out::println);
            Thread.ofPlatform().start(() -> {
                try {
                    end.complete(keeper.run());
                } catch (IOException e) {
                    end.completeExceptionally(e);
                }
            });
        }

        PolicyDaemonClient client() throws IOException {
            return PolicyDaemonClient.connect(options.controlSocket());
        }

        /** Awaits a state, of whichever daemon there is. */
        Snapshot await(Predicate<Snapshot> reached) throws IOException {
            Snapshot[] last = new Snapshot[1];
            boolean[] met = new boolean[1];
            while (!met[0]) {
                try (PolicyDaemonClient client = client()) {
                    client.watch(50, snapshot -> {
                        last[0] = snapshot;
                        met[0] = reached.test(snapshot);
                        return !met[0];
                    });
                } catch (IOException e) {
                    // No daemon listens, or it has just been killed.
                    assertThat(end).as("the keeper's end").isNotDone();
                    Thread.onSpinWait();
                }
            }
            return last[0];
        }

        /** Kills the daemon; returns the first that the next one says. */
        Snapshot next() throws IOException {
            long pid = await(_ -> true).pid();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            return await(s -> s.pid() != pid);
        }

        /** Stops the daemon's process, which is killed later, so that it sees nothing of what comes. */
        long freeze() throws Exception {
            long pid = await(_ -> true).pid();
            signal("STOP", pid);
            return pid;
        }

        String audit() throws IOException {
            return Files.readString(options.auditLog());
        }

        @Override
        public void close() throws IOException {
            keeper.terminate();
            end.join();
            keeper.close();
        }
    }

    /** The guest is asked again, has the rest of its time, and is not started again by its rule. */
    @Test
    void aStopUnderWayIsCarriedOut() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "sleep-on", AT_ONCE);
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "running", "a"));
            CompletableFuture<Void> asked = ask(line, client -> client.stop("a", SHORT_GRACE_MILLIS));
            line.await(_ -> recorded(line, "\"detail\":\"stop\""));
            line.next();
            Snapshot then = line.await(s -> all(s, "exited", "a"));
            assertThat(domain(then, "a").restarts()).isZero();
            assertThat(line.audit()).doesNotContain("domainRestart");
            asked.handle((_, _) -> true).join();
        }
    }

    /** A resume that no VMM has heard of is none: the guest stands, and the next daemon says so from its first moment on. */
    @Test
    void aResumeThatWasNotCarriedOutIsNone() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (Line line = new Line(fixture, directory)) {
            Snapshot before = line.await(s -> all(s, "running", "a"));
            try (PolicyDaemonClient client = line.client()) {
                client.pause("a");
            }
            signal("STOP", domain(before, "a").pid());
            CompletableFuture<Void> asked = ask(line, client -> client.resume("a"));
            line.await(_ -> recorded(line, "\"detail\":\"resume\""));
            assertThat(domain(line.next(), "a").state()).isEqualTo("paused");
            signal("CONT", domain(before, "a").pid());
            asked.handle((_, _) -> true).join();
        }
    }

    /** Else who follows lines would take the next run's for the one that was told. */
    @Test
    void theNextRunsLineIsAnotherThanThatOfTheRunThatWasTakenOver() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "running", "a"));
            line.next();
            line.await(s -> all(s, "running", "a"));
            int before = run(line);
            try (PolicyDaemonClient client = line.client()) {
                client.stop("a");
                line.await(s -> all(s, "exited", "a"));
                client.start("a");
                line.await(s -> all(s, "running", "a"));
            }
            assertThat(run(line)).isEqualTo(before + 1);
        }
    }

    private static int run(Line line) throws IOException {
        try (PolicyDaemonClient client = line.client();
                PolicyDaemonClient.Console console = client.watchConsole("a")) {
            return console.run();
        }
    }

    /** What was acknowledged is so under the next daemon, whose first answer comes before its VMM's. */
    @Test
    void aPauseAndAResumeThatWereAcknowledgedHold() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (Line line = new Line(fixture, directory)) {
            Snapshot before = line.await(s -> all(s, "running", "a"));
            try (PolicyDaemonClient client = line.client()) {
                client.pause("a");
            }
            signal("STOP", domain(before, "a").pid());
            assertThat(domain(line.next(), "a").state()).isEqualTo("paused");
            signal("CONT", domain(before, "a").pid());
            try (PolicyDaemonClient client = line.client()) {
                client.resume("a");
            }
            signal("STOP", domain(before, "a").pid());
            assertThat(domain(line.next(), "a").state()).isEqualTo("running");
            signal("CONT", domain(before, "a").pid());
        }
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** A guest that hears its button under one daemon and ends under the next was stopped by the operator all the same. */
    @Test
    void aStopIsNoEndThatARuleFollows() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "", AT_ONCE);
        try (Line line = new Line(fixture, directory)) {
            Snapshot before = line.await(s -> all(s, "running", "a"));
            signal("STOP", domain(before, "a").pid());
            CompletableFuture<Void> asked = ask(line, client -> client.stop("a", MINUTE_MILLIS));
            line.await(_ -> recorded(line, "\"detail\":\"stop\""));
            line.next();
            signal("CONT", domain(before, "a").pid());
            Snapshot then = line.await(s -> all(s, "exited", "a"));
            assertThat(domain(then, "a").exitCode()).isZero();
            assertThat(domain(then, "a").restarts()).isZero();
            asked.handle((_, _) -> true).join();
            assertThat(domain(line.next(), "a").state()).isEqualTo("exited");
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.start("a")).isEqualTo("a is running");
            }
            assertThat(domain(line.next(), "a").state()).isEqualTo("running");
        }
    }

    private interface Order {
        void give(PolicyDaemonClient client) throws IOException;
    }

    /** Asks for something whose answer is lost with the daemon. */
    private static CompletableFuture<Void> ask(Line line, Order order) {
        return CompletableFuture.runAsync(() -> {
            try (PolicyDaemonClient client = line.client()) {
                order.give(client);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static boolean recorded(Line line, String what) {
        try {
            return line.audit().contains(what);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** "It will not be started" is said to the operator: by no rule, also not under the next daemon. */
    @Test
    void aRestartThatWasCalledOffStaysSo() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "exit:3", AN_HOUR_LATER);
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "exited", "a") && domain(s, "a").restarts() == 1);
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.stop("a")).contains("will not be started");
            }
            Snapshot next = line.next();
            assertThat(domain(next, "a").state()).isEqualTo("exited");
            assertThat(domain(next, "a").exitCode()).isEqualTo(3);
            assertThat(domain(next, "a").restarts()).isEqualTo(1);
            assertThat(domain(line.next(), "a").state()).isEqualTo("exited");
        }
    }

    /** The pause goes on where it was. */
    @Test
    void aRestartThatIsStillToComeWaitsForItsTime() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "exit:3", AN_HOUR_LATER);
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "exited", "a") && domain(s, "a").restarts() == 1);
            Snapshot next = line.next();
            assertThat(domain(next, "a").state()).isEqualTo("exited");
            assertThat(domain(next, "a").exitCode()).isEqualTo(3);
            assertThat(domain(next, "a").restarts()).isEqualTo(1);
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.stop("a")).contains("will not be started");
            }
        }
    }

    /** A rule holds for a domain that the operator has started as well. */
    @Test
    void aRestartThatIsStillToComeComes() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "die-at:pause", SECONDS_LATER + ", \"autostart\": false");
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "idle", "a"));
            try (PolicyDaemonClient client = line.client()) {
                client.start("a");
                assertThatThrownBy(() -> client.pause("a")).hasMessageContaining("a is exited");
            }
            assertThat(domain(line.next(), "a").state()).isNotEqualTo("idle");
            Snapshot then = line.await(s -> all(s, "running", "a"));
            assertThat(domain(then, "a").restarts()).isEqualTo(1);
        }
    }

    /** The kernel tells the exit status to nobody but the daemon that started the process. */
    @Test
    void howAGuestEndedIsKnownThoughItsProcessIsStillThere() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain(
                        "a",
                        "low",
                        "exit:0 stay",
                        ", \"onUnexpectedExit\": \"halt\", \"restart\": {\"when\": \"onFailure\", \"attempts\": 9,"
                                + " \"within\": \"2h\", \"delay\": \"0s\"}");
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> domain(s, "a").exitCode() == 0);
            line.next();
            Snapshot then = line.await(s -> all(s, "exited", "a"));
            assertThat(domain(then, "a").exitCode()).isZero();
            assertThat(domain(then, "a").restarts()).isZero();
            assertThat(line.audit()).doesNotContain("domainKilled", "halt");
        }
    }

    /** A window that closes while there is no daemon ends a domain; who was ended so waits for the next one under the next daemon. */
    @Test
    void aWindowThatClosesMeanwhileEndsADomainWhichWaitsForTheNextOne() throws Exception {
        for (int seconds = 5; seconds <= LONGEST_WINDOW_SECONDS; seconds *= 2) {
            Path folder = Files.createDirectory(directory.resolve("of" + seconds));
            DaemonFixture fixture = new DaemonFixture(folder)
                    .more((", \"windows\": [{\"name\": \"early\", \"after\": \"0s\", \"for\": \"%ds\"},"
                                    + " {\"name\": \"late\", \"after\": \"10h\", \"for\": \"1h\"}]")
                            .formatted(seconds))
                    .domain("a", "low", "", ", \"when\": [\"early\", \"late\"]");
            try (Line line = new Line(fixture, folder)) {
                if (all(line.await(s -> !all(s, "starting", "a") && !all(s, "ready", "a")), "running", "a")) {
                    long frozen = line.freeze();
                    Thread.sleep(Duration.ofSeconds(seconds));
                    ProcessHandle.of(frozen).orElseThrow().destroyForcibly();
                    // Idle at once, if its daemon had still seen the end of the window.
                    line.await(s -> s.pid() != frozen && (all(s, "exited", "a") || all(s, "idle", "a")));
                    line.next();
                    line.await(s -> all(s, "idle", "a"));
                    return;
                }
            }
        }
        throw new AssertionError("this machine starts no domain within " + LONGEST_WINDOW_SECONDS + " s");
    }

    /** A window that is counted from a load doesn't open again because the daemon was killed. */
    @Test
    void aWindowOfAPolicyThatWasLoadedGoesOnCounting() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("b", "low", "")
                .flow("bell", "a", "b", "event", "");
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> flow(s, "bell").state().equals("live"));
            String text = Files.readString(line.options.policy().file());
            Path second = Files.writeString(
                    directory.resolve("second.json"),
                    text.replace("\"kind\": \"event\"", "\"kind\": \"event\", \"when\": \"early\"")
                            .replace(
                                    "\"flows\": [",
                                    "\"windows\": [{\"name\": \"early\", \"after\": \"0s\", \"for\": \"10s\"}],"
                                            + " \"flows\": ["));
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.load(second, false).loaded()).isTrue();
            }
            line.await(s -> flow(s, "bell").state().equals("revoked"));
            line.next();
            line.await(s -> all(s, "running", "a", "b"));
            assertThat(line.audit()).contains("windowClosed").doesNotContain("windowOpened");
        }
    }

    /** "The daemon ends all domains and itself" is said at once, and holds also where the daemon is killed in the midst of it. */
    @Test
    void aShutdownThatWasPromisedIsFinished() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "silent-at:stop", AT_ONCE);
        try (Line line = new Line(fixture, directory)) {
            Snapshot before = line.await(s -> all(s, "running", "a"));
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.shutdown()).contains("ends all domains and itself");
            }
            ProcessHandle.of(before.pid()).ifPresent(ProcessHandle::destroyForcibly);
            line.end.join();
            assertThat(line.audit()).contains("domainKilled", "daemonStop").doesNotContain("domainRestart");
        }
    }

    /** The major frame that the operator has chosen is the next daemon's as well. */
    @Test
    void theMajorFrameThatWasChosenGoesOn() throws Exception {
        String frame =
                "{\"name\": \"%s\", \"cpus\": [{\"cpu\": 0, \"minors\": [{\"domain\": \"a\", \"for\": \"20ms\"}]}]}";
        DaemonFixture fixture = new DaemonFixture(directory)
                .more(", \"schedule\": {\"majors\": [" + frame.formatted("day") + ", " + frame.formatted("night")
                        + "]}")
                .domain("a", "low", "");
        try (Line line = new Line(fixture, directory)) {
            line.await(s -> all(s, "running", "a"));
            try (PolicyDaemonClient client = line.client()) {
                assertThat(client.useMajor("night")).contains("night follows");
            }
            Optional<String> chosen =
                    line.next().schedule().stream().map(view -> view.next()).findFirst();
            assertThat(chosen).contains("night");
        }
    }
}
