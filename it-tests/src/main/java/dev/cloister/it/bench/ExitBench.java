package dev.cloister.it.bench;

import dev.cloister.kvm.Kvm;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.report.Report;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The exit round trip: a guest that does nothing but {@code out 0x80, al}, under Cloister's whole direct engine (portal table,
 * port bus, device) and under the smallest C loop, in turns.
 */
final class ExitBench {
    private static final int ROUNDS = 9;
    private static final int EXITS = 100_000;
    private static final byte[] LOOP = {(byte) 0xe6, (byte) 0x80, (byte) 0xeb, (byte) 0xfc};

    private ExitBench() {}

    static void run(PrintStream out, Path scratch) throws Exception {
        Optional<Path> rival = NativePeer.compile("exit_loop.c", scratch);
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        try (Kvm kvm = Kvm.open();
                Machine machine = Machine.create(kvm, config())) {
            machine.start();
            nanosPerExit(machine, EXITS);
            for (int round = 0; round < ROUNDS; round++) {
                ours[round] = nanosPerExit(machine, EXITS);
                // Both use one core and never run at the same time.
                machine.pause();
                theirs[round] = rival.isPresent()
                        ? Double.parseDouble(
                                NativePeer.output(List.of(rival.get().toString(), Integer.toString(EXITS))))
                        : Double.NaN;
                machine.resume();
            }
            machine.stop();
            machine.await();
        }
        out.println(Samples.header("exit round trip: out 0x80, al"));
        out.println(new Samples(ours).row("cloister, engine direct", "ns"));
        if (rival.isEmpty()) {
            out.println("  C loop: skipped, gcc is not installed\n");
            return;
        }
        out.println(new Samples(theirs).row("C loop", "ns"));
        out.printf(java.util.Locale.ROOT, "  ratio cloister/C %42.3f%n%n", Samples.ratio(ours, theirs));
    }

    /** A guest that does nothing else. */
    static MachineConfig config() {
        return MachineConfig.builder(
                        BootImage.kernel(MemorySegment.ofArray(LOOP)).withFormat(ImageFormat.FLAT))
                .memory(MachineConfig.MIN_MEMORY)
                .build();
    }

    /** Waits until about {@code count} more exits have happened; returns the time that one took. */
    static double nanosPerExit(Machine machine, int count) {
        long firstExits = exits(machine);
        long start = System.nanoTime();
        long done = 0;
        while (done < count) {
            // The vCPU has its own core; this thread only looks now and then.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            done = exits(machine) - firstExits;
        }
        return (double) (System.nanoTime() - start) / done;
    }

    private static long exits(Machine machine) {
        return machine.exits().stream().mapToLong(Report.Count::count).sum();
    }
}
