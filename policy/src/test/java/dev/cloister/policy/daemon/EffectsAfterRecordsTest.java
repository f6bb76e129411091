package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditStorage;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No effect without its durable record, however slow or faulty the medium, whatever the turns look like. */
@Timeout(600)
class EffectsAfterRecordsTest {
    @TempDir
    Path directory;

    private final Map<String, Policy> policies = new HashMap<>();

    /** A medium that takes its time and fails when told to; knows what is durable. */
    private static final class Medium implements AuditStorage {
        private final Semaphore permits = new Semaphore(0);
        private byte[] bytes = new byte[0];
        private volatile String durable = "";
        private volatile boolean full;
        private volatile boolean forceFails;
        private volatile int forces;

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
            int count = full ? more.length / 2 : more.length;
            bytes = Arrays.copyOf(bytes, (int) position + count);
            System.arraycopy(more, 0, bytes, (int) position, count);
            if (full) {
                throw new IOException("No space left on device");
            }
        }

        @Override
        public void force() throws IOException {
            permits.acquireUninterruptibly();
            forces++;
            if (forceFails) {
                throw new IOException("Input/output error");
            }
            durable = new String(bytes, StandardCharsets.US_ASCII);
        }

        @Override
        public void truncate(long length) {
            bytes = Arrays.copyOf(bytes, (int) length);
        }

        @Override
        public String readHead() {
            return "";
        }

        @Override
        public void writeHead(String line) {}

        @Override
        public void close() {}

        boolean holds(int n) {
            return durable.contains("\"n\":\"" + n + "\"");
        }
    }

    /** One loop with a journal on such a medium; keeps what happened. */
    private final class Run implements AutoCloseable {
        private final Medium medium = new Medium();
        private final EventLoop loop;
        private final Journal journal;
        private final AuditLog log;
        private final Thread thread;
        private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        private final List<Integer> done = Collections.synchronizedList(new ArrayList<>());
        private final List<Integer> dropped = Collections.synchronizedList(new ArrayList<>());
        private final List<Integer> queued = Collections.synchronizedList(new ArrayList<>());
        private int failures;

        Run(String onFull) throws Exception {
            loop = new EventLoop();
            log = AuditLog.open(medium, "test", Clock.systemUTC(), AuditListener.NONE);
            journal = new Journal(policy(onFull), log, _ -> {}, loop);
            journal.onFailure(() -> failures++);
            thread = Thread.ofPlatform().start(() -> {
                try {
                    loop.run();
                } catch (IOException e) {
                    wrong.add(e.toString());
                }
            });
        }

        /** Records something and queues its effect; sometimes the effect does the same once more. */
        void act(int n, int depth) {
            boolean written = journal.write(AuditKind.GRANT, "n", Integer.toString(n));
            if (!written) {
                return;
            }
            queued.add(n);
            loop.effect(new EventLoop.Effect() {
                @Override
                public void run() {
                    if (!medium.holds(n)) {
                        wrong.add("effect " + n + " before its record was durable");
                    }
                    done.add(n);
                    if (depth > 0) {
                        act(n + 1_000_000, depth - 1);
                    }
                }

                @Override
                public void dropped() {
                    dropped.add(n);
                }
            });
        }

        /** Waits until the loop has worked off everything given to it before. */
        void turn() throws InterruptedException {
            CountDownLatch passed = new CountDownLatch(1);
            loop.execute(passed::countDown);
            passed.await();
        }

        @Override
        public void close() throws Exception {
            medium.permits.release(1_000_000);
            loop.execute(loop::stop);
            thread.join();
            journal.close();
            loop.close();
        }
    }

    private Policy policy(String onFull) throws Exception {
        Policy known = policies.get(onFull);
        if (known == null) {
            DaemonOptions options = new DaemonFixture(directory)
                    .domain("a", "low", "")
                    .more(", \"audit\": {\"onFull\": \"" + onFull + "\"}")
                    .options(Duration.ofSeconds(30));
            known = PolicyLoader.load(options.policy().file(), LocalDate.EPOCH);
            policies.put(onFull, known);
        }
        return known;
    }

    private static void check(Run run, long seed) {
        String at = "seed " + seed;
        assertThat(run.wrong).as(at).isEmpty();
        List<Integer> together = new ArrayList<>(run.done);
        together.addAll(run.dropped);
        assertThat(together)
                .as(at + ": each effect runs or is dropped, once, in order")
                .isEqualTo(run.queued);
        assertThat(run.done).as(at).allMatch(run.medium::holds);
    }

    /** Random turns, random slowness, and at a random moment a failure. */
    private void random(long seed, String onFull) throws Exception {
        Random random = new Random(seed);
        int steps = 1 + random.nextInt(40);
        int failAt = random.nextInt(steps + 10);
        Run run = new Run(onFull);
        try (run) {
            int n = 0;
            for (int step = 0; step < steps; step++) {
                if (step == failAt) {
                    run.medium.forceFails = random.nextBoolean();
                    run.medium.full = !run.medium.forceFails;
                }
                int first = n;
                int count = random.nextInt(4);
                n += count;
                int depth = random.nextInt(3);
                run.loop.execute(() -> {
                    for (int i = 0; i < count; i++) {
                        run.act(first + i, i == 0 ? depth : 0);
                    }
                });
                run.medium.permits.release(random.nextInt(2));
                if (random.nextBoolean()) {
                    run.turn();
                }
            }
        }
        check(run, seed);
        assertThat(run.failures).as("seed %d", seed).isLessThanOrEqualTo(1);
    }

    @Test
    void noEffectWithoutItsDurableRecord() throws Exception {
        for (long seed = 1; seed <= 400; seed++) {
            random(seed, seed % 2 == 0 ? "halt" : "refuse");
        }
    }

    @Test
    void theRecordsOfATurnShareOneForceAndTheLoopGoesOnMeanwhile() throws Exception {
        Run run = new Run("halt");
        try (run) {
            run.loop.execute(() -> {
                for (int i = 0; i < 100; i++) {
                    run.act(i, 0);
                }
            });
            for (int i = 0; i < 50; i++) {
                run.turn();
            }
            assertThat(run.done).as("the medium has not taken the records").isEmpty();
            run.medium.permits.release();
        }
        check(run, 0);
        assertThat(run.medium.forces).isEqualTo(1);
    }

    @Test
    void aFullLogThatBlocksKeepsEffectsWaitingAndLosesNone() throws Exception {
        Run run = new Run("block");
        try (run) {
            run.medium.permits.release(1_000_000);
            run.medium.full = true;
            CountDownLatch first = new CountDownLatch(1);
            run.loop.execute(() -> {
                run.act(1, 1);
                run.loop.effect(first::countDown);
            });
            CountDownLatch blocked = new CountDownLatch(1);
            awaitBlocked(run, blocked);
            blocked.await();
            run.loop.execute(() -> run.act(2, 0));
            run.turn();
            assertThat(run.done).isEmpty();
            run.medium.full = false;
            first.await();
            run.turn();
        }
        check(run, 0);
        assertThat(run.done).containsExactly(1, 2, 1_000_001);
        assertThat(run.dropped).isEmpty();
        assertThat(run.medium.durable).contains("\"logBlocked\"");
    }

    private static void awaitBlocked(Run run, CountDownLatch blocked) {
        run.loop.execute(() -> {
            if (run.journal.blocked()) {
                blocked.countDown();
            } else {
                awaitBlocked(run, blocked);
            }
        });
    }

    @Test
    void recordsThatFindNoRoomBeforeTheEndAreToldAndHaveNoEffect() throws Exception {
        Run run = new Run("block");
        try (run) {
            run.medium.permits.release(1_000_000);
            run.medium.full = true;
            run.loop.execute(() -> run.act(1, 0));
            run.turn();
        }
        run.journal.giveUp();
        assertThat(run.journal.failed()).isTrue();
        assertThat(run.done).isEmpty();
    }
}
