package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.Mapping;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.channel.RingReader;
import dev.cloister.policy.daemon.host.HostObjects;
import dev.cloister.policy.daemon.host.KeptDisks;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Relay;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a security-logging domain sees: the log's own lines in the log's order, whatever the batches and files; and where it was too
 * slow, the ring tells it and the records' numbers say which records it missed.
 */
class AuditFeedTest {
    private static final Lane.Listener NOBODY = new Lane.Listener() {
        @Override
        public void hungry() {
            throw new AssertionError("a lane without a quota asks for no lease");
        }

        @Override
        public void ended(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void violated(String how) {
            throw new AssertionError(how);
        }
    };

    private static final Pattern SEQ = Pattern.compile("^\\{\"seq\":([0-9]+),");

    @TempDir
    Path directory;

    private final TreeMap<Long, String> seen = new TreeMap<>();
    private long overruns;
    private long missed;

    private void read(RingReader ring, int most) {
        byte[] record = new byte[ring.maxPayload()];
        for (int i = 0; i < most; i++) {
            int length = ring.read(record);
            if (length == RingReader.EMPTY) {
                return;
            }
            if (length == RingReader.OVERRUN) {
                overruns++;
            } else if (length >= 0) {
                String line = new String(record, 0, length, StandardCharsets.US_ASCII);
                Matcher seq = SEQ.matcher(line);
                assertThat(seq.find()).as(line).isTrue();
                long number = Long.parseLong(seq.group(1));
                long due = seen.isEmpty() ? 1 : seen.lastKey() + 1;
                assertThat(number).as("in order").isGreaterThanOrEqualTo(due);
                missed += number - due;
                seen.put(number, line);
            }
        }
    }

    private Policy policy() throws Exception {
        DaemonOptions options = new DaemonFixture(directory)
                .domain("logger", "high", "")
                .flow("log", "@audit", "logger", "memory", ", \"recordBytes\": 512, \"records\": 16")
                .more(", \"audit\": {\"rotate\": {\"bytes\": \"64K\", \"keep\": 2}}")
                .options(Duration.ofSeconds(30));
        return PolicyLoader.load(options.policy().file(), LocalDate.EPOCH);
    }

    private void run(long seed, int burst) throws Exception {
        Random random = new Random(seed);
        Policy policy = policy();
        Flow flow = policy.flow("log").orElseThrow();
        Path file = directory.resolve("audit-" + seed + ".log");
        TreeMap<Long, String> written = new TreeMap<>();
        Channel channel = new Channel(flow);
        try (Relay relay = new Relay();
                EventLoop loop = new EventLoop();
                AuditFeed feed = new AuditFeed();
                AuditLog log = AuditLog.open(file, AuditListener.NONE);
                AuditReader follower = AuditReader.open(file);
                Journal journal = new Journal(policy, log, feed::write, loop)) {
            channel.objects(ChannelObjects.create(
                    flow,
                    relay,
                    false,
                    NOBODY,
                    new ChannelObjects.Keep(FdStore.none(), "test", false),
                    new HostObjects(loop, new KeptDisks(policy, FdStore.none(), Runnable::run))));
            feed.attach(channel, 1);
            try (Mapping mapping =
                    Mapping.readOnly(channel.objects().receiverFds().getFirst(), 0, flow.windowBytes())) {
                RingReader ring = new RingReader(mapping.segment(), flow.recordBytes(), flow.records());
                for (int turn = 0; turn < 300; turn++) {
                    for (int n = random.nextInt(burst); n >= 0; n--) {
                        journal.write(AuditKind.VIOLATION, "n", Integer.toString(random.nextInt()));
                    }
                    assertThat(loop.settle(10_000)).isTrue();
                    read(ring, burst < flow.records() ? Integer.MAX_VALUE : random.nextInt(2 * burst));
                    for (Optional<AuditRecord> r = follower.next(); r.isPresent(); r = follower.next()) {
                        written.put(r.get().seq(), r.get().toJson());
                    }
                }
                read(ring, Integer.MAX_VALUE);
                assertThat(ring.lost())
                        .as("the ring's count is that of the numbers")
                        .isEqualTo(missed);
            }
        } finally {
            channel.cut();
        }
        assertThat(written.firstKey()).isEqualTo(1);
        assertThat(file.resolveSibling(file.getFileName() + ".000001"))
                .as("the log was rotated often")
                .doesNotExist();
        assertThat(written).as("seed %d", seed).containsAllEntriesOf(seen);
        assertThat(seen.lastKey()).isEqualTo(written.lastKey());
    }

    @Test
    void aReaderThatKeepsUpSeesEveryRecordAcrossBatchesAndFiles() throws Exception {
        run(1, 7);
        assertThat(overruns).isZero();
        assertThat(missed).isZero();
    }

    @Test
    void aSlowReaderKnowsWhatItMissed() throws Exception {
        run(2, 30);
        assertThat(overruns).isPositive();
        assertThat(missed).isPositive();
    }
}
