package dev.cloister.it.covert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.bench.BenchDaemon;
import dev.cloister.it.bench.Board;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two VMM processes work together to signal against the direction of their channels, through a real daemon, by every way that their
 * flows have: what the sender learns, in bits a second, is held against what the policy says that it may.
 */
@Timeout(600)
class ReverseEdgeTest {
    private static final double NANOS = 1e9;
    private static final long LEAD_NANOS = 50_000_000;
    private static final long LOOK_NANOS = 2_000_000;
    private static final int SHUFFLES = 200;
    private static final long SEED = 77;
    private static final double MADE_OUT = 0.15;
    private static final int OPENING_BINS = 8;
    /** Ten openings a second: who opens and closes is the operator, or a window or quota of the policy, not who signals. */
    private static final long OPENING_PERIOD = 100_000_000;

    @TempDir
    Path directory;

    private Board board;
    private BenchDaemon daemon;

    private void start(List<Edge> edges) throws Exception {
        board = Board.map(directory.resolve("board"));
        Files.writeString(directory.resolve("none.elf"), "no guest");
        List<String> vmm = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                CovertVmm.class.getName(),
                directory.toString());
        daemon = BenchDaemon.start(policy(edges), directory.resolve("state"), vmm, "--surround", "none");
    }

    @AfterEach
    void end() throws Exception {
        daemon.close();
    }

    /** Everything that needs no operator, at the same time: then credit, counters and pages. */
    @Test
    void noChannelCarriesMoreBackwardsThanItsBudget() throws Exception {
        List<Edge> edges = List.of(
                Edge.CREDIT_ON_OFF,
                Edge.CREDIT_GAPS,
                Edge.LOSS_GAPS,
                Edge.EVENT_FULL,
                Edge.DATAGRAM_FULL,
                Edge.LOG_FULL,
                Edge.MEMORY_PAGES);
        start(edges);
        long begin = System.nanoTime() + LEAD_NANOS;
        edges.forEach(edge -> board.set(edge.beginSlot(), begin));
        edges.forEach(this::await);
        double onOff = onOff(begin);
        double gaps = gaps(Edge.CREDIT_GAPS);
        double losses = gaps(Edge.LOSS_GAPS);
        double[] full = quarters(Edge.EVENT_FULL, Edge.EVENT_SLOT);
        double[] datagrams = quarters(Edge.DATAGRAM_FULL, Edge.QUEUE_SLOT);
        double[] logs = quarters(Edge.LOG_FULL, Edge.QUEUE_SLOT);
        double[] pages = pages();
        say("credit on and off", onOff, Edge.BUDGET);
        say("pauses between credits", gaps, Edge.BUDGET);
        say("pauses between losses of datagrams", losses, Edge.BUDGET);
        say("an event's full counter, of noise " + text(full[1]), full[0], 0);
        say("a datagram's full queue, of noise " + text(datagrams[1]), datagrams[0], 0);
        say("a log's full queue, of noise " + text(logs[1]), logs[0], 0);
        say("pages of one-way memory in all, of noise " + text(pages[1]), pages[0], 0);
        assertThat(onOff).as("on and off, bits/s").isLessThanOrEqualTo(Edge.BUDGET);
        assertThat(gaps).as("pauses, bits/s").isLessThanOrEqualTo(Edge.BUDGET);
        assertThat(losses).as("pauses of losses, bits/s").isLessThanOrEqualTo(Edge.BUDGET);
        assertThat(full[0]).as("full counter, bits/s").isLessThanOrEqualTo(chance(full[1], NANOS / Edge.EVENT_SLOT));
        assertThat(datagrams[0])
                .as("full queue of datagrams, bits/s")
                .isLessThanOrEqualTo(chance(datagrams[1], NANOS / Edge.QUEUE_SLOT));
        assertThat(logs[0])
                .as("full queue of a log, bits/s")
                .isLessThanOrEqualTo(chance(logs[1], NANOS / Edge.QUEUE_SLOT));
        assertThat(pages[0])
                .as("pages, bits")
                .isLessThanOrEqualTo(chance(pages[1], Edge.MEMORY_PAGES.symbols().length));
    }

    /** An opening can tell its sender something of its receiver's VMM, which has a say in when it is done. */
    @Test
    void theAnswerToAnOpeningTellsNoMoreThanTheBudget() throws Exception {
        start(List.of(Edge.OPENING_DELAY));
        int[] symbols = Edge.OPENING_DELAY.symbols();
        PolicyDaemonClient client = daemon.client();
        String flow = Edge.OPENING_DELAY.flow();
        client.revoke(flow);
        board.set(Edge.OPENING_DELAY.beginSlot(), 1);
        long begun = System.nanoTime();
        for (int i = 0; i < symbols.length; i++) {
            client.open(flow);
            client.revoke(flow);
            LockSupport.parkNanos(begun + (i + 1) * OPENING_PERIOD - System.nanoTime());
        }
        double seconds = (System.nanoTime() - begun) / NANOS;
        await(Edge.OPENING_DELAY);
        long[] seen = observations(Edge.OPENING_DELAY);
        int[] bins = new int[symbols.length];
        for (int i = 0; i < bins.length; i++) {
            bins[i] = (int) Math.min(OPENING_BINS - 1, seen[2 * i] / Edge.DELAY);
        }
        double each = Information.bits(symbols, bins);
        double rate = each * symbols.length / seconds;
        String often = Math.round(symbols.length / seconds) + " a second of " + text(each) + " bits each";
        say("answers to openings, " + often, rate, Edge.BUDGET);
        assertThat(rate).as("answers to openings, bits/s").isLessThanOrEqualTo(Edge.BUDGET);
    }

    /** The sender knows when slots begin but not how long a credit takes: the first half of all slots shows that. */
    private double onOff(long begin) throws IOException {
        int[] symbols = Edge.CREDIT_ON_OFF.symbols();
        long[] seen = observations(Edge.CREDIT_ON_OFF);
        int half = symbols.length / 2;
        double best = -1;
        double measured = 0;
        for (long delay = 0; delay < 2 * Edge.SLOT; delay += Edge.SLOT / 10) {
            int[] counts = new int[symbols.length];
            for (int i = 0; i < seen.length; i += 2) {
                long slot = Math.floorDiv(seen[i] - begin - delay, Edge.SLOT);
                if (slot >= 0 && slot < counts.length) {
                    counts[(int) slot] = Math.min(2, counts[(int) slot] + (int) seen[i + 1]);
                }
            }
            double shown = Information.bits(Arrays.copyOf(symbols, half), Arrays.copyOf(counts, half));
            if (shown > best) {
                best = shown;
                measured = Information.bits(
                        Arrays.copyOfRange(symbols, half, symbols.length),
                        Arrays.copyOfRange(counts, half, counts.length));
            }
        }
        return measured * NANOS / Edge.SLOT;
    }

    /** From one signal to the next: what is lost on the way shifts all that follows, as it would for those who use this. */
    private double gaps(Edge edge) throws IOException {
        int[] symbols = edge.symbols();
        long[] seen = observations(edge);
        long[] at = new long[symbols.length + 1];
        int credits = 0;
        for (int i = 0; i < seen.length; i += 2) {
            for (long n = 0; n < seen[i + 1] && credits < at.length; n++) {
                at[credits++] = seen[i];
            }
        }
        symbols = Arrays.copyOf(symbols, Math.max(1, credits - 1));
        int[] bins = new int[symbols.length];
        for (int i = 0; i < bins.length; i++) {
            long gap = at[i + 1] - at[i];
            bins[i] = (int) Math.clamp(gap * 2 / Edge.STEP, 0, 60);
        }
        double seconds = (at[symbols.length] - at[0]) / NANOS;
        return Information.bits(symbols, bins) * symbols.length / seconds;
    }

    /**
     * What the sender learns from a time and a number that it notes in each slot, by the quarter of all in which each is; bits a second,
     * and those of chance.
     */
    private double[] quarters(Edge edge, long slot) throws IOException {
        int[] symbols = edge.symbols();
        long[] seen = observations(edge);
        int[] bins = new int[symbols.length];
        for (int part = 0; part < 2; part++) {
            long[] values = new long[symbols.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = seen[2 * i + part];
            }
            long[] sorted = values.clone();
            Arrays.sort(sorted);
            for (int i = 0; i < bins.length; i++) {
                int quarter = 0;
                while (quarter < 3 && values[i] >= sorted[sorted.length * (quarter + 1) / 4]) {
                    quarter++;
                }
                bins[i] = 4 * bins[i] + quarter;
            }
        }
        double each = NANOS / slot;
        return new double[] {
            Information.bits(symbols, bins) * each, Information.noise(symbols, bins, SHUFFLES, SEED) * each
        };
    }

    /** Bits in all: a page is touched for the first time once only. */
    private double[] pages() throws IOException {
        int[] symbols = Edge.MEMORY_PAGES.symbols();
        long[] seen = observations(Edge.MEMORY_PAGES);
        int[] there = new int[symbols.length];
        for (int i = 0; i < there.length; i++) {
            there[i] = (int) seen[2 * i + 1];
        }
        return new double[] {
            Information.bits(symbols, there) * symbols.length,
            Information.noise(symbols, there, SHUFFLES, SEED) * symbols.length
        };
    }

    /**
     * What a way without any budget may seem to carry: chance, seldom more than the largest of all shuffles; and, of what could be sent
     * at most, the little that an observer makes out of how long the relay's thread took. A way that is open carries nearly all.
     */
    private static double chance(double noise, double most) {
        return 1.5 * noise + MADE_OUT * most;
    }

    private static void say(String what, double rate, int budget) {
        System.out.println("reverse edge: " + what + ": " + text(rate) + " bits/s, declared " + budget);
    }

    private static String text(double number) {
        return String.format(Locale.ROOT, "%.1f", number);
    }

    private void await(Edge edge) {
        long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (board.get(edge.doneSlot()) != 2) {
            assertThat(System.nanoTime()).as("waiting for " + edge).isLessThan(patience);
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private long[] observations(Edge edge) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(directory.resolve(edge.flow())));
        long[] numbers = new long[bytes.remaining() / Long.BYTES];
        bytes.asLongBuffer().get(numbers);
        return numbers;
    }

    private Path policy(List<Edge> edges) throws IOException {
        String flows = edges.stream().map(ReverseEdgeTest::flow).collect(Collectors.joining(",\n"));
        return Files.writeString(directory.resolve("covert.json"), """
            {"version": 1, "name": "covert", "lattice": {"levels": ["public", "secret"]}, "domains": [%s, %s],
             "host": {"console": {"label": {"level": "secret"}}, "audit": {"label": {"level": "secret"}}},
             "flows": [%s,
               {"name": "tty", "from": "high", "to": "@console", "kind": "console"}]}
            """.formatted(
                        domain("low", 1, "public"), domain("high", 2, "secret"), flows));
    }

    private String domain(String name, int number, String level) throws IOException {
        return """
            {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "%s"}, "memory": "1M",
             "image": {"kernel": {"path": "none.elf", "sha256": "%s"}}}\
            """.formatted(number, name, level, PolicyFile.sha256(directory.resolve("none.elf")));
    }

    private static String flow(Edge edge) {
        String rest = switch (edge) {
            case CREDIT_ON_OFF, CREDIT_GAPS, OPENING_DELAY ->
                "\"kind\": \"stream\", \"capacity\": \"64K\", \"backChannel\": {\"bitsPerSecond\": " + Edge.BUDGET
                        + "}";
            case LOSS_GAPS -> "\"kind\": \"datagram\", \"backChannel\": {\"bitsPerSecond\": " + Edge.BUDGET + "}";
            case EVENT_FULL -> "\"kind\": \"event\"";
            case DATAGRAM_FULL -> "\"kind\": \"datagram\", \"backChannel\": {\"bitsPerSecond\": " + Edge.BUDGET + "}";
            case LOG_FULL -> "\"kind\": \"log\"";
            case MEMORY_PAGES -> "\"kind\": \"memory\", \"recordBytes\": 4096, \"records\": 256";
        };
        return "{\"name\": \"%s\", \"from\": \"low\", \"to\": \"high\", %s}".formatted(edge.flow(), rest);
    }
}
