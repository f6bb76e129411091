package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.policy.audit.AuditVerification.Damage;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.History;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class AuditLogTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    @TempDir
    Path folder;

    private static AuditEvent event(int i) {
        return AuditEvent.of(AuditKind.VIOLATION).withDomain("d" + i).withDetail("n", Integer.toString(i));
    }

    private Path written(int records) throws IOException {
        Path file = folder.resolve("audit.log");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            for (int i = 0; i < records; i++) {
                log.append(event(i));
            }
        }
        return file;
    }

    @Test
    void recordsAreChainedDurableAndPrivate() throws Exception {
        Path file = written(3);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        AuditVerification result = AuditVerifier.verify(file, Optional.empty());
        assertThat(result.fault()).isEmpty();
        assertThat(result.head().seq()).isEqualTo(4);
        assertThat(result.head().bytes()).isEqualTo(Files.size(file));
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            assertThat(log.head()).isEqualTo(result.head());
            assertThat(log.append(event(9)).seq()).isEqualTo(5);
        }
        assertThat(AuditVerifier.verify(file, Optional.of(result.head().hash())).whole())
                .isTrue();
    }

    @Test
    void hostileTextStaysOnItsLine() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        AuditLog log = AuditLog.open(storage, "log", CLOCK, AuditListener.NONE);
        String hostile = "a\"b\\c\nd\u0000\u001b[2J\u202e\ud800" + "x".repeat(5000);
        AuditRecord record = log.append(AuditEvent.of(AuditKind.PROTOCOL_ERROR).withDetail("said", hostile));
        String text = new String(storage.bytes, StandardCharsets.US_ASCII);
        assertThat(text).endsWith("\"}\n").containsOnlyOnce("\n");
        assertThat(text.chars()).allMatch(c -> c == '\n' || c >= ' ' && c <= '~');
        AuditRecord read = AuditLine.parse(Arrays.copyOf(storage.bytes, storage.bytes.length - 1));
        assertThat(read.hash()).isEqualTo(record.hash());
        assertThat(read.event().details().get("said")).startsWith("a\"b\\c\nd\u0000\u001b[2J\u202e\ud800x");
    }

    @Test
    void aDecisionIsRecordedWithAllVerdicts() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        int[] ends = Samples.ends(policy, "command", "sensor");
        Request request = new Request.Open(
                ends[0], ends[1], FlowKind.MEMORY, Request.ANY_FLOW, ends[0], Measurements.none(), -1, 0);
        AuditEvent event = AuditEvent.decision(DecisionCore.decide(policy, new History(policy, 0), request));
        AuditEntry line = AuditLine.seal(1, CLOCK.instant(), 5, event, AuditHead.GENESIS);
        AuditRecord read = AuditLine.parse(line.line());
        assertThat(read).isEqualTo(line.record());
        assertThat(read.event().kind()).isEqualTo(AuditKind.REFUSAL);
        assertThat(read.event().verdicts()).hasSize(7);
        assertThat(read.event().policyDigest()).isEqualTo(policy.digest());
        assertThat(read.event().rule()).isEqualTo(policy.flowsPosition().toString());
        assertThat(read.event().domain()).isEqualTo("command");
    }

    @Test
    void anyChangedByteIsFound() throws Exception {
        Path file = written(2);
        byte[] whole = Files.readAllBytes(file);
        for (int i = 0; i < whole.length; i++) {
            byte[] changed = whole.clone();
            changed[i] ^= 1;
            Files.write(file, changed);
            AuditVerification result = AuditVerifier.verify(file, Optional.empty());
            assertThat(result.whole()).as("byte %d", i).isFalse();
            assertThat(result.repairable()).as("byte %d", i).isFalse();
            assertThat(result.fault().orElseThrow().offset()).isLessThanOrEqualTo(i);
        }
    }

    @Test
    void saysWhatHappenedToTheLines() throws Exception {
        Path file = written(6);
        List<String> lines = Files.readAllLines(file);
        assertThat(damage(file, without(lines, 2))).isEqualTo(Damage.REMOVED);
        assertThat(damage(file, without(lines, 0))).isEqualTo(Damage.REMOVED);
        List<String> swapped = new ArrayList<>(lines);
        swapped.set(2, lines.get(3));
        swapped.set(3, lines.get(2));
        assertThat(damage(file, swapped)).isEqualTo(Damage.REORDERED);
        List<String> twice = new ArrayList<>(lines);
        twice.add(3, lines.get(2));
        assertThat(damage(file, twice)).isEqualTo(Damage.REORDERED);
        List<String> altered = new ArrayList<>(lines);
        altered.set(1, lines.get(1).replace("\"d1\"", "\"dX\""));
        assertThat(damage(file, altered)).isEqualTo(Damage.ALTERED);
        List<String> rewritten = new ArrayList<>(lines);
        AuditRecord second = AuditLine.parse(lines.get(1).getBytes(StandardCharsets.US_ASCII));
        rewritten.set(
                1,
                new String(
                                AuditLine.seal(2, second.time(), second.mono(), event(77), second.prev())
                                        .line(),
                                StandardCharsets.US_ASCII)
                        .strip());
        assertThat(damage(file, rewritten)).isEqualTo(Damage.ALTERED);
        assertThat(damage(file, lines.subList(0, 4))).isEqualTo(Damage.TRUNCATED);
        List<String> junk = new ArrayList<>(lines);
        junk.add(2, "{}");
        assertThat(damage(file, junk)).isEqualTo(Damage.MALFORMED);
    }

    @Test
    void aHeadKeptElsewhereShowsWhatTheHeadFileHides() throws Exception {
        Path file = written(4);
        AuditHead printed = AuditVerifier.verify(file, Optional.empty()).head();
        List<String> lines = Files.readAllLines(file);
        Files.write(file, (String.join("\n", lines.subList(0, 2)) + "\n").getBytes(StandardCharsets.US_ASCII));
        Files.delete(folder.resolve("audit.log.head"));
        assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
        assertThat(AuditVerifier.verify(file, Optional.of(printed.hash()))
                        .fault()
                        .orElseThrow()
                        .damage())
                .isEqualTo(Damage.OTHER_CHAIN);
    }

    private static List<String> without(List<String> lines, int index) {
        List<String> rest = new ArrayList<>(lines);
        rest.remove(index);
        return rest;
    }

    private static Damage damage(Path file, List<String> lines) throws IOException {
        Files.write(file, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> AuditLog.open(file, AuditListener.NONE))
                .isInstanceOf(AuditException.class)
                .hasMessageContaining("not whole");
        return AuditVerifier.verify(file, Optional.empty())
                .fault()
                .orElseThrow()
                .damage();
    }

    @Test
    void anIncompleteLastLineIsRepairedAndSaid() throws Exception {
        Path file = written(2);
        byte[] whole = Files.readAllBytes(file);
        byte[] torn = Arrays.copyOf(whole, whole.length + 20);
        System.arraycopy("{\"seq\":4,\"time\":\"2026".getBytes(StandardCharsets.US_ASCII), 0, torn, whole.length, 20);
        Files.write(file, torn);
        assertThat(AuditVerifier.verify(file, Optional.empty()).repairable()).isTrue();
        AuditLog.open(file, AuditListener.NONE).close();
        assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
        assertThat(Files.readString(file)).contains("\"event\":\"logRepaired\"").contains("\"bytesRemoved\":\"20\"");
        // What was acknowledged is not repaired away.
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) - 5));
        assertThatThrownBy(() -> AuditLog.open(file, AuditListener.NONE)).hasMessageContaining("head file knows");
    }

    @Test
    void oneWriterAndNoStrangers() throws Exception {
        Path file = folder.resolve("audit.log");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.append(event(1));
            assertThatThrownBy(() -> AuditLog.open(file, AuditListener.NONE)).hasMessageContaining("another daemon");
            assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> AuditLog.open(file, AuditListener.NONE)).hasMessageContaining("mode rw-r--r--");
        Path link = folder.resolve("link");
        Files.createSymbolicLink(link, file);
        assertThatThrownBy(() -> AuditLog.open(link, AuditListener.NONE)).hasMessageContaining("not a regular file");
        assertThatThrownBy(() -> AuditLog.open(folder.resolve("no/such"), AuditListener.NONE))
                .isInstanceOf(AuditException.class);
    }

    /** The disk is full at every byte in turn: the record is refused, nothing of it stays, and the log goes on after. */
    @Test
    void aFullDiskAtEveryByteLosesNothingSilently() throws Exception {
        int length = AuditLine.seal(2, CLOCK.instant(), AuditRecord.UNKNOWN, event(1), AuditHead.GENESIS)
                .line()
                .length;
        for (int room = 0; room < length; room++) {
            MemoryStorage storage = new MemoryStorage();
            AuditLog log = AuditLog.open(storage, "log", CLOCK, AuditListener.NONE);
            AuditHead before = durableFirst(log);
            storage.capacity = before.bytes() + room;
            assertThatThrownBy(() -> log.append(event(1)))
                    .isInstanceOf(AuditException.class)
                    .hasMessageContaining("No space left");
            assertThat(storage.size()).isEqualTo(before.bytes());
            assertThat(log.head()).isEqualTo(before);
            storage.capacity = Long.MAX_VALUE;
            assertThat(log.append(event(2)).seq()).isEqualTo(2);
            log.close();
            assertThat(AuditVerifier.verify(storage).whole()).isTrue();
        }
    }

    private static AuditHead durableFirst(AuditLog log) throws AuditException {
        log.append(event(0));
        return log.head();
    }

    @Test
    void afterAFailedForceNothingIsBelieved() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        AuditLog log = AuditLog.open(storage, "log", CLOCK, AuditListener.NONE);
        storage.forceFails = true;
        assertThatThrownBy(() -> log.append(event(1))).hasMessageContaining("forcing it to the medium failed");
        storage.forceFails = false;
        assertThatThrownBy(() -> log.append(event(2))).hasMessageContaining("takes no more records");
        log.close();
        assertThat(storage.closed).isTrue();
        assertThatThrownBy(() -> log.append(event(3))).isInstanceOf(AuditException.class);

        MemoryStorage stuck = new MemoryStorage();
        AuditLog second = AuditLog.open(stuck, "log", CLOCK, AuditListener.NONE);
        stuck.capacity = 10;
        stuck.truncateFails = true;
        assertThatThrownBy(() -> second.append(event(1))).isInstanceOf(AuditException.class);
        stuck.capacity = Long.MAX_VALUE;
        assertThatThrownBy(() -> second.append(event(2))).hasMessageContaining("takes no more records");
    }

    @Test
    void aRealFullDiskIsAnErrorToo() throws Exception {
        Path mount = Files.createDirectory(folder.resolve("small"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount.toString()) == 0,
                "skipped: a tmpfs can't be mounted here, which needs root");
        try (AuditLog log = AuditLog.open(mount.resolve("audit.log"), AuditListener.NONE)) {
            int[] written = {0};
            assertThatThrownBy(() -> {
                        while (written[0] < 10_000) {
                            log.append(event(written[0]));
                            written[0]++;
                        }
                    })
                    .isInstanceOf(AuditException.class);
            assertThat(written[0]).isBetween(10, 1000);
            assertThat(log.head().seq()).isEqualTo(written[0]);
            AuditVerification result = AuditVerifier.verify(mount.resolve("audit.log"), Optional.empty());
            assertThat(result.whole()).isTrue();
            assertThat(result.head()).isEqualTo(log.head());
        } catch (AuditException e) {
            // The closing record may find no room: that is said, too.
            assertThat(e).hasMessageContaining("can't take a record");
        } finally {
            assertThat(run("umount", mount.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void concurrentAppendsShareForcesAndKeepTheirOrder() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        List<Long> heard = new ArrayList<>();
        AuditLog log = AuditLog.open(storage, "log", CLOCK, (record, _) -> {
            heard.add(record.seq());
            if (record.seq() == 7) {
                throw new IllegalStateException("a listener that fails");
            }
        });
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 200; i++) {
                    try {
                        AuditRecord record = log.append(event(i));
                        assertThat(log.head().seq()).isGreaterThanOrEqualTo(record.seq());
                    } catch (AuditException e) {
                        throw new IllegalStateException(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(log.head().seq()).isEqualTo(1600);
        log.close();
        assertThat(heard).hasSize(1601).isSorted().doesNotHaveDuplicates();
        assertThat(storage.forces).isLessThanOrEqualTo(1601);
        assertThat(log.listenerFailures()).isEqualTo(1);
        assertThat(AuditVerifier.verify(storage).head().seq()).isEqualTo(1601);
    }

    @Test
    void anInterruptedThreadMayStillAppend() throws Exception {
        try (AuditLog log = AuditLog.open(folder.resolve("audit.log"), AuditListener.NONE)) {
            Thread.currentThread().interrupt();
            log.append(event(1));
            assertThat(Thread.interrupted()).isTrue();
            assertThat(log.append(event(2)).seq()).isEqualTo(2);
        }
    }

    @Test
    void aReaderFollowsWithoutPolling() throws Exception {
        Path file = folder.resolve("audit.log");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.append(event(0));
            try (AuditReader reader = AuditReader.open(file)) {
                assertThat(reader.next().orElseThrow().seq()).isEqualTo(1);
                assertThat(reader.next()).isEmpty();
                assertThat(reader.await(Duration.ZERO)).isFalse();
                log.append(event(1));
                assertThat(reader.await(Duration.ofSeconds(20))).isTrue();
                assertThat(reader.next().orElseThrow().event().domain()).isEqualTo("d1");
            }
        }
    }

    @Test
    void anOverlongLineIsMalformed() throws Exception {
        Path file = written(1);
        Files.writeString(file, "x".repeat(LineReader.MAX_LINE * 2) + "\n");
        assertThat(AuditVerifier.verify(file, Optional.empty())
                        .fault()
                        .orElseThrow()
                        .damage())
                .isEqualTo(Damage.MALFORMED);
    }
}
