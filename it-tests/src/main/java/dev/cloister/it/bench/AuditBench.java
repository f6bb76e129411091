package dev.cloister.it.bench;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditException;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The audit log against a C loop that writes lines of the same length and calls {@code fdatasync}, one line at a time and in batches;
 * and {@link AuditedGuest}.
 */
final class AuditBench {
    private static final int ROUNDS = 9;
    private static final int BATCH = 64;
    private static final double SECONDS = 0.5;

    private AuditBench() {}

    static void run(PrintStream out, Path scratch, Path idleGuest, Path busyGuest) throws Exception {
        durable(out, scratch);
        AuditedGuest.run(out, scratch, idleGuest, busyGuest);
    }

    private static void durable(PrintStream out, Path scratch) throws Exception {
        Optional<Path> rival = NativePeer.compile("append_sync.c", scratch);
        out.println(Samples.header("audit records durable, each second"));
        for (int batch : new int[] {1, BATCH}) {
            double[] ours = new double[ROUNDS];
            double[] theirs = new double[ROUNDS];
            long bytes = 0;
            // The first round warms both up and is thrown away.
            for (int round = -1; round < ROUNDS; round++) {
                Path file = scratch.resolve("bench-audit.log");
                double speed = append(file, batch);
                bytes = lineBytes(file);
                delete(file);
                double peer = rival.isPresent() ? appendNatively(rival.get(), scratch, batch, bytes) : Double.NaN;
                if (round >= 0) {
                    ours[round] = speed;
                    theirs[round] = peer;
                }
            }
            out.println(new Samples(ours).row("cloister, " + batch + " to a force", "records"));
            if (rival.isPresent()) {
                out.println(new Samples(theirs).row("C loop, lines of " + bytes + " bytes", "lines"));
                out.printf(Locale.ROOT, "  ratio cloister/C %42.3f%n", Samples.ratio(ours, theirs));
            } else {
                out.println("  C loop: skipped, gcc is not installed");
            }
        }
        out.println();
    }

    private static AuditEvent event(long n) {
        return AuditEvent.of(AuditKind.REFUSAL)
                .withEpoch(1)
                .withDomain("sensor")
                .withFlow("readings")
                .withDetail("request", "open")
                .withDetail("detail", "the receiver does not dominate the sender, attempt " + n);
    }

    private static double append(Path file, int batch) throws AuditException {
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            long start = System.nanoTime();
            long count = 0;
            while (System.nanoTime() - start < SECONDS * 1e9) {
                for (int i = 0; i < batch; i++) {
                    log.add(event(count++));
                }
                log.commit();
            }
            return count / ((System.nanoTime() - start) / 1e9);
        }
    }

    private static double appendNatively(Path program, Path scratch, int batch, long bytes)
            throws IOException, InterruptedException {
        Path file = scratch.resolve("bench-append.log");
        double speed = Double.parseDouble(NativePeer.output(List.of(
                program.toString(),
                file.toString(),
                Double.toString(SECONDS),
                Integer.toString(batch),
                Long.toString(bytes))));
        Files.delete(file);
        return speed;
    }

    private static long lineBytes(Path file) throws IOException {
        try (var lines = Files.lines(file)) {
            return Files.size(file) / Math.max(1, lines.count());
        }
    }

    private static void delete(Path file) throws IOException {
        for (String suffix : List.of("", ".head", ".lock")) {
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + suffix));
        }
    }
}
