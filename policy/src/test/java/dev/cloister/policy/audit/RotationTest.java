package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.AuditRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chain through many files: whatever step a crash ends, nothing acknowledged is lost and the log goes on. */
class RotationTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    @TempDir
    Path directory;

    /** A workload that is the same for the same seed, up to where its storage ends it. */
    private static final class Work {
        private final Random random;
        private final TreeMap<Long, String> acknowledged = new TreeMap<>();

        Work(long seed) {
            random = new Random(seed);
        }

        void run(CrashingStorage storage, int batches) {
            try {
                AuditLog log = open(storage);
                log.rotation(Optional.of(new AuditRule.Rotation(900 + random.nextInt(900), random.nextInt(4))));
                for (int i = 0; i < batches; i++) {
                    List<AuditRecord> added = new ArrayList<>();
                    for (int n = 1 + random.nextInt(4); n > 0; n--) {
                        added.add(log.add(
                                AuditEvent.of(AuditKind.VIOLATION).withDetail("n", Long.toString(random.nextLong()))));
                    }
                    long last = added.getLast().seq();
                    while (log.head().seq() < last) {
                        log.commit()
                                .forEach(e -> acknowledged.put(
                                        e.record().seq(), e.record().hash()));
                    }
                }
                log.close();
            } catch (AuditException e) {
                assertThat(storage.crashed()).as("%s", e).isTrue();
            }
        }
    }

    private static AuditLog open(AuditStorage storage) throws AuditException {
        return AuditLog.open(storage, "test", CLOCK, AuditListener.NONE);
    }

    private static TreeMap<Long, String> content(AuditStorage storage) throws IOException {
        TreeMap<Long, String> records = new TreeMap<>();
        for (LogParts.Part part : LogParts.of(storage)) {
            LineReader lines = new LineReader(part.opener().open(), 0);
            for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
                AuditRecord record = AuditLine.parse(line.get());
                records.put(record.seq(), record.hash());
            }
        }
        return records;
    }

    /** Crashes, opens, checks that what was acknowledged is there, and goes on. */
    private static int crash(long seed, int step, int bytes) throws IOException {
        String at = "seed " + seed + ", crash at step " + step + " with " + bytes + " bytes";
        CrashingStorage storage = new CrashingStorage();
        storage.crashAt(step, bytes);
        Work work = new Work(seed);
        work.run(storage, 12);
        if (!storage.crashed()) {
            return -1;
        }
        CrashingStorage left = storage.left((seed + step + bytes) % 2 == 0, new Random(seed + step * 31L + bytes));
        AuditVerification found = AuditVerifier.verify(left);
        assertThat(found.whole() || found.repairable()).as(at + ": " + found).isTrue();
        Work after = new Work(seed + 1);
        after.run(left, 12);
        AuditVerification end = AuditVerifier.verify(left);
        assertThat(end.whole()).as(at + ", after going on: " + end).isTrue();
        TreeMap<Long, String> kept = content(left);
        assertThat(kept.lastKey() - kept.firstKey() + 1).as(at + ": no gap").isEqualTo(kept.size());
        work.acknowledged
                .tailMap(kept.firstKey())
                .forEach((seq, hash) ->
                        assertThat(kept.get(seq)).as(at + ": record " + seq).isEqualTo(hash));
        assertThat(kept).as(at).containsAllEntriesOf(after.acknowledged.tailMap(kept.firstKey()));
        return storage.lastWrite();
    }

    @Test
    void aCrashAtAnyStepLosesNothingThatWasAcknowledged() throws Exception {
        int crashes = 0;
        for (long seed = 1; seed <= 3; seed++) {
            for (int step = 1, write = 0; write >= 0; step++) {
                write = crash(seed, step, 0);
                for (int bytes = 1; bytes <= write; bytes += bytes < 12 ? 1 : 37) {
                    crash(seed, step, bytes);
                    crashes++;
                }
            }
        }
        assertThat(crashes).isGreaterThan(1000);
    }

    @Test
    void aCrashAtAnyByteOfARotationsFirstRecordIsRepaired() throws Exception {
        long seed = 5;
        int swept = 0;
        for (int step = 1; swept < 3; step++) {
            CrashingStorage storage = new CrashingStorage();
            storage.crashAt(step, 0);
            new Work(seed).run(storage, 12);
            if (storage.size() == 0 && !storage.segments().isEmpty() && storage.lastWrite() > 0) {
                int write = crash(seed, step, 0);
                for (int bytes = 0; bytes <= write; bytes++) {
                    crash(seed, step, bytes);
                }
                swept++;
            }
        }
    }

    @Test
    void filesAreRotatedKeptAndLetGoAndReadersGoThroughThemAll() throws Exception {
        Path file = directory.resolve("audit.log");
        List<Long> followed = new ArrayList<>();
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE);
                AuditReader follower = AuditReader.open(file)) {
            log.rotation(Optional.of(new AuditRule.Rotation(2000, 3)));
            for (int i = 0; i < 100; i++) {
                log.append(AuditEvent.of(AuditKind.VIOLATION).withDetail("n", Integer.toString(i)));
                for (Optional<AuditRecord> r = follower.next(); r.isPresent(); r = follower.next()) {
                    followed.add(r.get().seq());
                }
            }
        }
        assertThat(SegmentName.beside(file)).hasSize(3);
        assertThat(Files.size(file)).isLessThanOrEqualTo(2000);
        assertThat(followed).as("one that follows misses nothing").hasSizeGreaterThan(100);
        for (int i = 0; i < followed.size(); i++) {
            assertThat(followed.get(i)).isEqualTo(i + 1L);
        }
        AuditVerification whole = AuditVerifier.verify(file, Optional.empty());
        assertThat(whole.whole()).as("%s", whole).isTrue();
        assertThat(whole.segments()).isEqualTo(3);
        assertThat(whole.first()).isGreaterThan(50);
        assertThat(AuditVerifier.verify(directory, Optional.empty())).isEqualTo(whole);
        assertThat(AuditReader.lastSeq(file)).isEqualTo(whole.head().seq());
        for (long from :
                new long[] {1, whole.first(), whole.first() + 13, whole.head().seq()}) {
            try (AuditReader reader = AuditReader.open(file, from)) {
                assertThat(reader.next().orElseThrow().seq()).isEqualTo(Math.max(from, whole.first()));
            }
        }
        Path one = SegmentName.of(file, SegmentName.beside(file).get(1));
        assertThat(AuditVerifier.verify(one, Optional.empty()).whole()).isTrue();
        try (AuditLog again = AuditLog.open(file, AuditListener.NONE)) {
            assertThat(again.head().seq()).isEqualTo(whole.head().seq());
        }
    }

    @Test
    void aSegmentDeletedByHandIsMissed() throws Exception {
        Path file = directory.resolve("audit.log");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.rotation(Optional.of(new AuditRule.Rotation(1500, 4)));
            for (int i = 0; i < 60; i++) {
                log.append(AuditEvent.of(AuditKind.VIOLATION).withDetail("n", Integer.toString(i)));
            }
        }
        List<Integer> segments = SegmentName.beside(file);
        Files.delete(SegmentName.of(file, segments.getFirst()));
        AuditVerification found = AuditVerifier.verify(file, Optional.empty());
        assertThat(found.fault().orElseThrow().damage()).isEqualTo(AuditVerification.Damage.REMOVED);
        assertThat(found.fault().orElseThrow().file())
                .isEqualTo(SegmentName.of(file, segments.get(1)).getFileName().toString());
    }

    @Test
    void aCrashBetweenTheTwoNamesOfARotationIsUndone() throws Exception {
        Path file = directory.resolve("audit.log");
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.append(AuditEvent.of(AuditKind.VIOLATION));
        }
        Files.createLink(SegmentName.of(file, 1), file);
        Files.writeString(file.resolveSibling("audit.log.next"), "");
        assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            log.append(AuditEvent.of(AuditKind.VIOLATION));
        }
        assertThat(SegmentName.of(file, 1)).doesNotExist();
        assertThat(AuditVerifier.verify(file, Optional.empty()).whole()).isTrue();
    }
}
