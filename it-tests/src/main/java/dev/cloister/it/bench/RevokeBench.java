package dev.cloister.it.bench;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.model.FlowKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long it takes until a channel carries something and until it carries nothing. First between VMM processes that are always at
 * work, and lie when they are told to let go ({@link BenchVmm}): from the operator's command to the first unit that the receiver has,
 * and to the last. Then between real VMMs, which unmap and answer.
 */
final class RevokeBench {
    static final String MEMORY = "\"kind\": \"memory\", \"recordBytes\": 128, \"records\": 64";
    static final String STREAM =
            "\"kind\": \"stream\", \"capacity\": \"64K\", \"backChannel\": {\"bitsPerSecond\": 1000000}";
    static final String EVENT = "\"kind\": \"event\"";

    private static final List<FlowKind> KINDS =
            List.of(FlowKind.MEMORY, FlowKind.EVENT, FlowKind.STREAM, FlowKind.DATAGRAM);

    private static final int ROUNDS = 200;
    private static final int WARM_UP = 20;
    private static final int PATIENCE_MILLIS = 5000;
    private static final int AT_WORK_MILLIS = 3;
    private static final Pattern CUT = Pattern.compile("cut after ([0-9.]+) ms");
    private static final double MILLI = 1e6;

    private RevokeBench() {}

    /** What one kind's rounds took, in milliseconds. */
    private record Series(double[] live, double[] first, double[] cut, double[] last, double[] answered) {
        Series() {
            this(new double[ROUNDS], new double[ROUNDS], new double[ROUNDS], new double[ROUNDS], new double[ROUNDS]);
        }
    }

    static void run(PrintStream out, Path scratch, Path idleGuest, Path busyGuest) throws Exception {
        Optional<Path> ends = NativePeer.compile("ends.c", scratch);
        if (ends.isPresent()) {
            durable(out, ends.get(), scratch);
        }
        atWork(out, Scratch.fresh(scratch, "revoke"));
        real(out, Scratch.fresh(scratch, "revoke-real"), idleGuest, busyGuest);
        DoorbellBench.run(out, scratch);
    }

    /** What each command waits for at least: a line that is durable on the same medium. */
    private static void durable(PrintStream out, Path ends, Path scratch) throws IOException, InterruptedException {
        String file = scratch.resolve("sync.out").toString();
        String[] nanos = NativePeer.output(List.of(ends.toString(), "sync", file, Integer.toString(ROUNDS)))
                .split(" ");
        out.printf(
                Locale.ROOT,
                "a line made durable by a C program, %d times: p50 %.3f ms, p99 %.3f ms%n%n",
                ROUNDS,
                Long.parseLong(nanos[0]) / MILLI,
                Long.parseLong(nanos[1]) / MILLI);
    }

    /** Processes that are at work on every kind of channel; beside them, in the second part, two that are without any pause. */
    private static void atWork(PrintStream out, Path scratch) throws Exception {
        Path image = Files.writeString(scratch.resolve("none.img"), "no guest");
        Board board = Board.map(scratch.resolve("board"));
        BenchDaemon.Policy policy = new BenchDaemon.Policy(scratch)
                .domain("left", image, "pump 0 20")
                .domain("right", image, "pump 0 20")
                .domain("wild", image, "pump 1 0")
                .domain("tame", image, "pump 1 0");
        for (FlowKind kind : KINDS) {
            policy.flow(kind.jsonName(), "left", "right", rest(kind))
                    .flow("load-" + kind.jsonName(), "wild", "tame", rest(kind));
        }
        List<String> vmm = Jvm.own(BenchVmm.class, scratch.resolve("board").toString(), "");
        try (BenchDaemon daemon =
                BenchDaemon.start(policy.write(), scratch.resolve("state"), vmm, "--surround", "none")) {
            PolicyDaemonClient client = daemon.client();
            for (FlowKind kind : KINDS) {
                client.revoke(kind.jsonName());
                client.revoke("load-" + kind.jsonName());
            }
            series(out, "idle", client, board);
            for (FlowKind kind : List.of(FlowKind.EVENT, FlowKind.STREAM)) {
                client.open("load-" + kind.jsonName());
            }
            series(out, "with a flood of events and a stream through the same relay", client, board);
        }
    }

    static String rest(FlowKind kind) {
        return switch (kind) {
            case MEMORY -> MEMORY;
            case EVENT -> EVENT;
            case STREAM -> STREAM;
            case DATAGRAM -> "\"kind\": \"datagram\"";
            default -> throw new IllegalArgumentException("no benchmark of kind " + kind);
        };
    }

    private static void series(PrintStream out, String title, PolicyDaemonClient client, Board board)
            throws IOException, InterruptedException {
        out.println(Samples.tailHeader("channels whose ends never let go, " + title));
        for (FlowKind kind : KINDS) {
            Series series = new Series();
            for (int i = -WARM_UP; i < ROUNDS; i++) {
                round(kind, client, board, series, Math.max(0, i));
            }
            String name = kind.jsonName() + ": ";
            out.println(new Samples(series.first()).tail(name + "open, to the receiver's first unit", "ms"));
            out.println(new Samples(series.cut()).tail(name + "revoke, decision to the daemon's cut", "ms"));
            out.println(new Samples(series.last()).tail(name + "revoke, to the receiver's last unit", "ms"));
            out.println(new Samples(series.answered()).tail(name + "revoke, to the operator's answer", "ms"));
        }
        out.println();
    }

    private static void round(FlowKind kind, PolicyDaemonClient client, Board board, Series series, int i)
            throws IOException, InterruptedException {
        int slot = BenchVmm.slot(0, kind, 0);
        board.set(slot + BenchVmm.FIRST, 0);
        long asked = System.nanoTime();
        client.open(kind.jsonName());
        series.live()[i] = (System.nanoTime() - asked) / MILLI;
        awaitFirst(board, slot, kind);
        series.first()[i] = (board.get(slot + BenchVmm.FIRST) - asked) / MILLI;
        Thread.sleep(AT_WORK_MILLIS);
        long revoked = System.nanoTime();
        String answer = client.revoke(kind.jsonName());
        series.answered()[i] = (System.nanoTime() - revoked) / MILLI;
        series.cut()[i] = cutMillis(answer);
        // What is in the receiver's hands already is noted by then.
        Thread.sleep(AT_WORK_MILLIS);
        series.last()[i] = Math.max(0, board.get(slot + BenchVmm.LAST) - revoked) / MILLI;
    }

    private static void awaitFirst(Board board, int slot, FlowKind kind) throws InterruptedException {
        for (int i = 0; board.get(slot + BenchVmm.FIRST) == 0; i++) {
            if (i > PATIENCE_MILLIS) {
                throw new IllegalStateException("nothing came through the channel of kind " + kind.jsonName());
            }
            Thread.sleep(1);
        }
    }

    static double cutMillis(String answer) {
        Matcher matcher = CUT.matcher(answer);
        if (!matcher.find()) {
            throw new IllegalStateException("the daemon's answer tells no cut: " + answer);
        }
        return Double.parseDouble(matcher.group(1));
    }

    /** Real VMM processes in their sandboxes; the guests of the first two stand still, those of the others take exits without end. */
    private static void real(PrintStream out, Path scratch, Path idleGuest, Path busyGuest) throws Exception {
        BenchDaemon.Policy policy = new BenchDaemon.Policy(scratch)
                .domain("left", idleGuest, "")
                .domain("right", idleGuest, "")
                .domain("busy", busyGuest, "")
                .domain("busier", busyGuest, "");
        for (FlowKind kind : KINDS) {
            policy.flow(kind.jsonName(), "left", "right", rest(kind));
        }
        try (BenchDaemon daemon = BenchDaemon.start(policy.write(), scratch.resolve("state"), Jvm.vmm())) {
            PolicyDaemonClient client = daemon.client();
            client.pause("busy");
            client.pause("busier");
            answers(out, "idle", client);
            client.resume("busy");
            client.resume("busier");
            answers(out, "beside two guests that take exits without end", client);
        }
    }

    private static void answers(PrintStream out, String title, PolicyDaemonClient client) throws IOException {
        out.println(Samples.tailHeader("channels of real VMM processes, " + title));
        for (FlowKind kind : KINDS) {
            client.revoke(kind.jsonName());
            Series series = new Series();
            for (int i = -WARM_UP; i < ROUNDS; i++) {
                int at = Math.max(0, i);
                long asked = System.nanoTime();
                client.open(kind.jsonName());
                series.live()[at] = (System.nanoTime() - asked) / MILLI;
                long revoked = System.nanoTime();
                series.cut()[at] = cutMillis(client.revoke(kind.jsonName()));
                series.answered()[at] = (System.nanoTime() - revoked) / MILLI;
            }
            client.open(kind.jsonName());
            String name = kind.jsonName() + ": ";
            out.println(new Samples(series.live()).tail(name + "open, to both ends in place", "ms"));
            out.println(new Samples(series.cut()).tail(name + "revoke, decision to answers and cut", "ms"));
            out.println(new Samples(series.answered()).tail(name + "revoke, to the operator's answer", "ms"));
        }
        out.printf(Locale.ROOT, "%n");
    }
}
