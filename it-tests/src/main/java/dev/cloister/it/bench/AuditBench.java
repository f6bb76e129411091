package dev.cloister.it.bench;

import dev.cloister.kvm.Kvm;
import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditException;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditListener;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.vmm.Machine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * The audit log against a C loop that writes lines of the same length and calls {@code fdatasync}, one line at a time and in batches;
 * and a busy guest with and without a log that takes records meanwhile.
 */
final class AuditBench {
    private static final int ROUNDS = 9;
    private static final int BATCH = 64;
    private static final int EXITS = 100_000;
    private static final double SECONDS = 0.5;
    /** Far above what 100 domains may have recorded of their floods: five each second. */
    private static final int PACED_PER_SECOND = 1000;

    private AuditBench() {}

    static void run(PrintStream out, Path scratch) throws Exception {
        durable(out, scratch);
        busy(out, scratch);
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

    private static void busy(PrintStream out, Path scratch) throws Exception {
        double[] quiet = new double[ROUNDS];
        double[] paced = new double[ROUNDS];
        double[] full = new double[ROUNDS];
        try (Kvm kvm = Kvm.open();
                Machine machine = Machine.create(kvm, ExitBench.config())) {
            machine.start();
            ExitBench.nanosPerExit(machine, EXITS);
            for (int round = 0; round < ROUNDS; round++) {
                quiet[round] = ExitBench.nanosPerExit(machine, EXITS);
                paced[round] = beside(scratch, PACED_PER_SECOND, machine);
                full[round] = beside(scratch, 0, machine);
            }
            machine.stop();
            machine.await();
        }
        out.println(Samples.header("a busy guest's exit, with the log at work"));
        out.println(new Samples(quiet).row("no records", "ns"));
        out.println(new Samples(paced).row(PACED_PER_SECOND + " records a second", "ns"));
        out.println(new Samples(full).row("as many as the medium takes", "ns"));
        out.printf(Locale.ROOT, "  ratio paced/none %42.3f%n", Samples.ratio(paced, quiet));
        out.printf(Locale.ROOT, "  ratio full/none %43.3f%n%n", Samples.ratio(full, quiet));
    }

    /** Measures the guest while another thread records, one force to a record, so many a second or as fast as it can. */
    private static double beside(Path scratch, int perSecond, Machine machine) throws Exception {
        Path file = scratch.resolve("bench-busy.log");
        AtomicBoolean over = new AtomicBoolean();
        try (AuditLog log = AuditLog.open(file, AuditListener.NONE)) {
            Thread writer = Thread.ofPlatform().start(() -> record(log, perSecond, over));
            double nanos = ExitBench.nanosPerExit(machine, EXITS);
            over.set(true);
            writer.join();
            return nanos;
        } finally {
            delete(file);
        }
    }

    private static void record(AuditLog log, int perSecond, AtomicBoolean over) {
        long start = System.nanoTime();
        try {
            for (long n = 0; !over.get(); n++) {
                log.append(event(n));
                long due = perSecond == 0 ? 0 : start + (n + 1) * TimeUnit.SECONDS.toNanos(1) / perSecond;
                long early = due - System.nanoTime();
                if (perSecond != 0 && early > 0) {
                    LockSupport.parkNanos(early);
                }
            }
        } catch (AuditException e) {
            throw new IllegalStateException("the log of the benchmark", e);
        }
    }
}
