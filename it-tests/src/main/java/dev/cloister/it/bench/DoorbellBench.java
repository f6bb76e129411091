package dev.cloister.it.bench;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Spawn;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A signal and its echo between two C processes: by two eventfds that both have, and by two event channels of a real daemon, whose
 * relay stands between. The C processes are the same.
 */
final class DoorbellBench {
    private static final int ROUNDS = 7;
    private static final int SIGNALS = 5000;
    /** Less than the relay's ceiling of wake-ups for each lane. */
    private static final int PERIOD_NANOS = 200_000;

    private static final long PATIENCE_MILLIS = 60_000;
    private static final double MICRO = 1e3;

    private DoorbellBench() {}

    static void run(PrintStream out, Path scratch) throws Exception {
        Optional<Path> ends = NativePeer.compile("ends.c", scratch);
        if (ends.isEmpty()) {
            out.println("doorbell: skipped, gcc is not installed\n");
            return;
        }
        double[][] relayed = new double[2][ROUNDS];
        double[][] direct = new double[2][ROUNDS];
        Path folder = Scratch.fresh(scratch, "doorbell");
        Path result = Files.createFile(folder.resolve("ping.out"));
        Path nothing = Files.createFile(folder.resolve("pong.out"));
        Path image = Files.writeString(folder.resolve("none.img"), "no guest");
        Path policy = new BenchDaemon.Policy(folder)
                .domain("ping", image, "exec " + result + " ping " + SIGNALS + " " + PERIOD_NANOS)
                .domain("pong", image, "exec " + nothing + " pong " + SIGNALS)
                .flow("there", "ping", "pong", RevokeBench.EVENT)
                .flow("back", "pong", "ping", RevokeBench.EVENT)
                .write();
        List<String> vmm = Jvm.own(
                BenchVmm.class, folder.resolve("board").toString(), ends.get().toString());
        try (BenchDaemon daemon = BenchDaemon.start(policy, folder.resolve("state"), vmm, "--surround", "none")) {
            for (int round = 0; round < ROUNDS; round++) {
                if (round > 0) {
                    daemon.client().stop("ping");
                    daemon.client().stop("pong");
                    Files.writeString(result, "");
                    daemon.client().start("pong");
                    daemon.client().start("ping");
                }
                put(relayed, round, awaitText(result));
                put(direct, round, direct(ends.get(), folder));
            }
        }
        out.println(Samples.header(
                "a signal and its echo between two C processes, " + SIGNALS + " in each of " + ROUNDS + " rounds"));
        out.println(new Samples(relayed[0]).row("two event channels, p50", "µs"));
        out.println(new Samples(relayed[1]).row("two event channels, p99", "µs"));
        out.println(new Samples(direct[0]).row("two eventfds, p50", "µs"));
        out.println(new Samples(direct[1]).row("two eventfds, p99", "µs"));
        out.printf(
                Locale.ROOT,
                "  ratio channels/eventfds: p50 %.2f, p99 %.2f%n%n",
                Samples.ratio(relayed[0], direct[0]),
                Samples.ratio(relayed[1], direct[1]));
    }

    private static void put(double[][] into, int round, String text) {
        String[] words = text.split(" ");
        into[0][round] = Long.parseLong(words[0]) / MICRO;
        into[1][round] = Long.parseLong(words[1]) / MICRO;
    }

    /** Waits until a program has written its line. */
    static String awaitText(Path file) throws IOException, InterruptedException {
        for (long i = 0; i < PATIENCE_MILLIS / 10; i++) {
            String text = Files.readString(file);
            if (text.endsWith("\n")) {
                return text.strip();
            }
            Thread.sleep(10);
        }
        throw new IOException("nothing was written to " + file);
    }

    private static String direct(Path ends, Path folder) throws IOException, InterruptedException {
        Path result = folder.resolve("direct.out");
        Files.writeString(result, "");
        try (EventFd there = EventFd.create();
                EventFd back = EventFd.create()) {
            List<ChildProcess> children = new ArrayList<>();
            children.add(spawn(
                    List.of(ends.toString(), "pong", Integer.toString(SIGNALS)),
                    folder.resolve("pong.out"),
                    there.fd(),
                    back.fd()));
            children.add(spawn(
                    List.of(ends.toString(), "ping", Integer.toString(SIGNALS), Integer.toString(PERIOD_NANOS)),
                    result,
                    there.fd(),
                    back.fd()));
            await(children);
        }
        return awaitText(result);
    }

    /** Starts one of the ends with descriptors from 3 on and a file as its standard output. */
    static ChildProcess spawn(List<String> command, Path output, Fd... fds) throws IOException {
        try (Fd out = Linux.open(output.toString(), Linux.O_RDWR)) {
            Spawn spawn = Spawn.command(command).inheritOutput().fd(1, out);
            for (int i = 0; i < fds.length; i++) {
                spawn.fd(3 + i, fds[i]);
            }
            return spawn.start();
        }
    }

    /** Waits for the end of all. */
    static void await(List<ChildProcess> children) throws IOException {
        for (ChildProcess child : children) {
            try (child) {
                ChildProcess.Exit exit = child.waitFor(PATIENCE_MILLIS)
                        .orElseThrow(() -> new IOException("an end of the benchmark does not end"));
                if (!exit.success()) {
                    throw new IOException("an end of the benchmark failed: " + exit);
                }
            }
        }
    }
}
