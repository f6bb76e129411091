package dev.cloister.policy.daemon;

import static dev.cloister.policy.daemon.DaemonFixture.all;
import static dev.cloister.policy.daemon.DaemonFixture.domain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditStorage;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.state.ContactStorage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the daemon does when its log, its clients or it itself fail. */
@Timeout(600)
class DaemonFaultTest {
    @TempDir
    Path directory;

    /** A log in memory whose medium becomes full when told to. */
    private static final class FillingStorage implements AuditStorage {
        private byte[] bytes = new byte[0];
        private String head = "";
        private volatile boolean full;
        /** What found no room at the last attempt. */
        private volatile String refused = "";

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public int read(long position, byte[] into) {
            int count = (int) Math.min(into.length, bytes.length - position);
            System.arraycopy(bytes, (int) position, into, 0, count);
            return count;
        }

        @Override
        public void write(long position, byte[] more) throws IOException {
            if (full) {
                refused = new String(more, StandardCharsets.US_ASCII);
                throw new IOException("No space left on device");
            }
            bytes = Arrays.copyOf(bytes, (int) position + more.length);
            System.arraycopy(more, 0, bytes, (int) position, more.length);
        }

        @Override
        public void force() {}

        @Override
        public void truncate(long length) {
            bytes = Arrays.copyOf(bytes, (int) length);
        }

        @Override
        public String readHead() {
            return head;
        }

        @Override
        public void writeHead(String line) {
            head = line;
        }

        String text() {
            return new String(bytes, StandardCharsets.US_ASCII);
        }

        /** How many starts wait for room. */
        int starts() {
            return refused.split("\"domainStart\"", -1).length - 1;
        }

        @Override
        public void close() {}
    }

    private DaemonFixture.Running start(DaemonFixture fixture, FillingStorage storage) throws Exception {
        DaemonOptions options = fixture.options(Duration.ofSeconds(30));
        PolicyDaemon daemon = PolicyDaemon.open(
                options,
                Clock.systemUTC(),
                () -> AuditLog.open(storage, "test", Clock.systemUTC(), AuditListener.NONE),
                () -> ContactStorage.file(options.contacts()));
        return new DaemonFixture.Running(daemon, options);
    }

    @Test
    void fullDiskWhileAuditingHaltsEveryDomain() throws Exception {
        FillingStorage storage = new FillingStorage();
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "ask:b:event:out")
                .domain("b", "low", "")
                .more(", \"audit\": {\"onFull\": \"halt\"}");
        try (DaemonFixture.Running running = start(fixture, storage)) {
            running.await(s -> all(s, "running", "a", "b") && domain(s, "a").refusals() == 1);
            storage.full = true;
            try (PolicyDaemonClient client = running.client()) {
                client.shutdown();
            }
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            assertThat(outcome.auditFailed()).isTrue();
            assertThat(outcome.last().granting()).isFalse();
            assertThat(all(outcome.last(), "exited", "a", "b")).isTrue();
        }
    }

    @Test
    void fullDiskFromTheStartStartsNothing() throws Exception {
        FillingStorage storage = new FillingStorage();
        storage.full = true;
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (DaemonFixture.Running running = start(fixture, storage)) {
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            assertThat(outcome.auditFailed()).isTrue();
            assertThat(domain(outcome.last(), "a").pid()).isZero();
        }
    }

    @Test
    void fullDiskUnderRefuseLetsDomainsGoOnWithoutGrants() throws Exception {
        FillingStorage storage = new FillingStorage();
        DaemonFixture fixture =
                new DaemonFixture(directory).domain("a", "low", "").more(", \"audit\": {\"onFull\": \"refuse\"}");
        try (DaemonFixture.Running running = start(fixture, storage)) {
            running.await(s -> all(s, "running", "a"));
            storage.full = true;
            try (PolicyDaemonClient client = running.client()) {
                assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> client.pause("a")))
                        .hasMessageContaining("audit log can't be written");
                assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> client.watchConsole("a")))
                        .hasMessageContaining("audit log can't be written");
                Snapshot snapshot = client.ps();
                assertThat(snapshot.granting()).isFalse();
                assertThat(domain(snapshot, "a").state()).isEqualTo("running");
            }
        }
    }

    @Test
    void fullDiskUnderBlockKeepsWhatNeedsARecordWaitingUntilThereIsRoom() throws Exception {
        FillingStorage storage = new FillingStorage();
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("late", "low", "", ", \"autostart\": false")
                .more(", \"audit\": {\"onFull\": \"block\"}");
        try (DaemonFixture.Running running = start(fixture, storage);
                PolicyDaemonClient waiting = running.client();
                PolicyDaemonClient looking = running.client();
                PolicyDaemonClient client = running.client()) {
            running.await(s -> all(s, "running", "a"));
            storage.full = true;
            CompletableFuture<Throwable> paused =
                    CompletableFuture.supplyAsync(() -> catchThrowable(() -> waiting.pause("a")));
            Snapshot blocked = running.await(s -> !s.granting());
            assertThat(domain(blocked, "a").state()).isEqualTo("running");
            assertThat(paused).as("it waits for its record").isNotDone();
            CompletableFuture<Throwable> attached =
                    CompletableFuture.supplyAsync(() -> catchThrowable(() -> looking.watchConsole("a")));
            running.await(s -> true);
            assertThat(attached).as("so does this").isNotDone();
            storage.full = false;
            assertThat(paused.get(20, TimeUnit.SECONDS)).isNull();
            assertThat(attached.get(20, TimeUnit.SECONDS)).isNull();
            assertThat(domain(client.ps(), "a").state()).isEqualTo("paused");
            assertThat(running.await(Snapshot::granting)).isNotNull();
            assertThat(storage.text()).contains("\"logBlocked\"").contains("pause");
        }
    }

    /** What a start was granted that waited for its record, and was called off, is not taken from the start after it. */
    @Test
    void aStartThatWasCalledOffWhileItWaitedLeavesTheNextOneRunning() throws Exception {
        FillingStorage storage = new FillingStorage();
        try (DaemonFixture.Running running = start(rivals(""), storage);
                PolicyDaemonClient first = running.client();
                PolicyDaemonClient loading = running.client();
                PolicyDaemonClient second = running.client()) {
            storage.full = true;
            Thread starting = calling(() -> first.start("red"));
            running.await(_ -> storage.starts() == 1);
            Path changed =
                    rivals("anew").options(Duration.ofSeconds(30)).policy().file();
            Thread changing = calling(() -> loading.load(changed, false));
            running.await(s -> s.policyEpoch() == 2 && all(s, "idle", "red"));
            Thread again = calling(() -> second.start("red"));
            running.await(_ -> storage.starts() == 2);
            storage.full = false;
            running.await(s -> all(s, "running", "red"));
            for (Thread each : List.of(starting, changing, again)) {
                each.join();
            }
            assertThatThrownBy(() -> second.start("blue")).hasMessageContaining("blue is refused");
        }
    }

    private DaemonFixture rivals(String behaviour) throws IOException {
        String off = ", \"autostart\": false";
        return new DaemonFixture(directory)
                .domain("red", "low", behaviour, off)
                .domain("blue", "low", "", off)
                .more(", \"conflicts\": [{\"name\": \"rivals\", \"mode\": \"concurrent\","
                        + " \"members\": [\"red\", \"blue\"]}], \"audit\": {\"onFull\": \"block\"}");
    }

    /** Calls on a thread of its own, whatever comes of it. */
    private static Thread calling(ThrowingCallable call) {
        return Thread.ofPlatform().daemon().start(() -> {
            var _ = catchThrowable(call);
        });
    }

    @Test
    void fullDiskUnderBlockDoesNotKeepTheOperatorFromEndingIt() throws Exception {
        FillingStorage storage = new FillingStorage();
        DaemonFixture fixture =
                new DaemonFixture(directory).domain("a", "low", "").more(", \"audit\": {\"onFull\": \"block\"}");
        try (DaemonFixture.Running running = start(fixture, storage)) {
            running.await(s -> all(s, "running", "a"));
            storage.full = true;
            try (PolicyDaemonClient client = running.client()) {
                client.shutdown();
            }
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            assertThat(outcome.auditFailed()).isTrue();
            assertThat(all(outcome.last(), "exited", "a")).isTrue();
            assertThat(storage.text()).doesNotContain("daemonStop");
        }
    }

    @Test
    void clientsThatSendGarbageOrNothingDisturbNobody() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory).domain("a", "low", "");
        try (DaemonFixture.Running running = fixture.start();
                SocketChannel silent = connect(running);
                SocketChannel noisy = connect(running);
                SocketChannel endless = connect(running);
                PolicyDaemonClient good = running.client()) {
            assertThat(silent.isConnected()).isTrue();
            BufferedReader answers =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(noisy), StandardCharsets.UTF_8));
            Random random = new Random(99);
            for (int i = 0; i < 50; i++) {
                byte[] noise = new byte[random.nextInt(100)];
                random.nextBytes(noise);
                for (int b = 0; b < noise.length; b++) {
                    noise[b] = noise[b] == '\n' ? 0 : noise[b];
                }
                noisy.write(ByteBuffer.wrap(noise));
                noisy.write(ByteBuffer.wrap(new byte[] {'\n'}));
                assertThat(ControlCodec.decodeReply(answers.readLine())
                                .failure()
                                .orElseThrow()
                                .code())
                        .isEqualTo("bad-request");
                assertThat(good.ps().domains()).hasSize(1);
            }
            endless.write(
                    ByteBuffer.wrap("x".repeat(ControlCodec.MAX_REQUEST + 1).getBytes(StandardCharsets.US_ASCII)));
            BufferedReader last =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(endless), StandardCharsets.UTF_8));
            assertThat(((ControlReply.Failed) ControlCodec.decodeReply(last.readLine())).error())
                    .contains("longer than 65536");
            assertThat(running.await(s -> all(s, "running", "a"))).isNotNull();
        }
    }

    private static SocketChannel connect(DaemonFixture.Running running) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(running.options().controlSocket()));
    }

    private Process daemonProcess(DaemonOptions options) throws IOException {
        List<String> command = new ArrayList<>(DaemonFixture.java(PolicyDaemonMain.class.getName()));
        command.addAll(List.of(
                "--policy",
                options.policy().file().toString(),
                "--state",
                options.stateDirectory().toString(),
                "--kvm",
                "/dev/null",
                "--"));
        command.addAll(options.vmm().command());
        Process process = new ProcessBuilder(command)
                .redirectError(directory.resolve("stderr").toFile())
                .start();
        String ready = process.inputReader(StandardCharsets.UTF_8).readLine();
        assertThat(ready).as(Files.readString(directory.resolve("stderr"))).startsWith("ready ");
        return process;
    }

    private static List<ProcessHandle> runningVmms(DaemonOptions options, String... names) throws IOException {
        Snapshot[] last = new Snapshot[1];
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket())) {
            client.watch(50, snapshot -> {
                last[0] = snapshot;
                return !all(snapshot, "running", names);
            });
        }
        return last[0].domains().stream()
                .map(d -> ProcessHandle.of(d.pid()).orElseThrow())
                .toList();
    }

    @Test
    void killedDaemonLeavesItsVmmsToEndByEndOfFileAndAnotherGoesOnWithTheSameLog() throws Exception {
        DaemonOptions options = new DaemonFixture(directory)
                .domain("a", "low", "")
                .domain("b", "low", "")
                .memory("f", "a", "b")
                .options(Duration.ofSeconds(30));
        Process first = daemonProcess(options);
        List<ProcessHandle> vmms = runningVmms(options, "a", "b");
        first.destroyForcibly().waitFor();
        for (ProcessHandle vmm : vmms) {
            vmm.onExit().get(30, TimeUnit.SECONDS);
        }
        assertThat(AuditVerifier.verify(options.auditLog(), Optional.empty()).whole())
                .isTrue();
        Process second = daemonProcess(options);
        assertThat(runningVmms(options, "a", "b")).hasSize(2);
        second.destroy();
        assertThat(second.waitFor()).isEqualTo(128 + 15);
        assertThat(AuditVerifier.verify(options.auditLog(), Optional.empty()).whole())
                .isTrue();
    }

    @Test
    void sigtermEndsInOrderAndLeavesNothingBehind() throws Exception {
        DaemonOptions options =
                new DaemonFixture(directory).domain("a", "low", "").options(Duration.ofSeconds(30));
        Process process = daemonProcess(options);
        List<ProcessHandle> vmms = runningVmms(options, "a");
        process.destroy();
        process.waitFor();
        assertThat(vmms).noneMatch(ProcessHandle::isAlive);
        assertThat(options.controlSocket()).doesNotExist();
        assertThat(Files.readString(options.auditLog()))
                .contains("\"daemonStop\"", "\"domainStopped\"", "\"logClosed\"");
    }
}
