package dev.cloister.it.bench;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A virtio disk under {@code cloister run --engine emulated} and QEMU's TCG, driven by the same guest program, in turns: throughput in
 * order (requests of 128 KiB, 16 at once; writes end with a flush), the time of one request of 4 KiB at random places, one at a time, and
 * the resident memory of the whole process; all of it twice in the same process, for the first time a JVM does it mostly by interpreting.
 * The image lies in the page cache: what is measured is the VMM, not a disk.
 */
final class DiskBench {
    private static final int ROUNDS = 3;
    /** The longest that a contender may take for all. */
    private static final int PATIENCE_SECONDS = 120;

    private static final int MEBIBYTES = 128;
    private static final int REQUESTS = 2000;
    private static final String MEMORY = "64M";

    /** What is measured, in the order of the guest's letters; then what the processor spent and memory. */
    private enum Figure {
        FIRST_WRITE("first write in order", "MiB/s"),
        FIRST_READ("first read in order", "MiB/s"),
        FIRST_READ_LATENCY("first reads of 4 KiB", "µs"),
        FIRST_WRITE_LATENCY("first writes of 4 KiB", "µs"),
        WRITE("write in order", "MiB/s"),
        READ("read in order", "MiB/s"),
        READ_LATENCY("read of 4 KiB", "µs"),
        WRITE_LATENCY("write of 4 KiB", "µs"),
        RESIDENT("resident memory", "MiB");

        private final String title;
        private final String unit;

        Figure(String title, String unit) {
            this.title = title;
            this.unit = unit;
        }

        double of(double nanos) {
            return switch (this) {
                case FIRST_WRITE, FIRST_READ, WRITE, READ -> MEBIBYTES / (nanos / 1e9);
                case FIRST_READ_LATENCY, FIRST_WRITE_LATENCY, READ_LATENCY, WRITE_LATENCY -> nanos / 1e3 / REQUESTS;
                case RESIDENT -> nanos;
            };
        }
    }

    private DiskBench() {}

    static void run(PrintStream out, Path root, Path scratch) throws IOException, AssemblyException {
        Path guest = scratch.resolve("disk.elf");
        Path source = root.resolve("it-tests/src/main/resources/dev/cloister/it/bench/disk.asm");
        Files.write(guest, Assembler.create().assemble(source).image());
        Path disk = scratch.resolve("disk.img");
        // Written, not a hole: later rounds find what the first one found.
        Files.write(disk, new byte[MEBIBYTES << 20]);
        boolean qemu = Contender.hasQemu();
        double[][] ours = new double[Figure.values().length][ROUNDS];
        double[][] theirs = new double[Figure.values().length][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            put(ours, round, measure(cloister(root, guest, disk)));
            put(theirs, round, qemu ? measure(qemu(guest, disk)) : new double[Figure.values().length]);
        }
        Files.delete(disk);
        out.println(Samples.header("A virtio disk, at first and once more"));
        for (Figure figure : Figure.values()) {
            report(out, figure, ours[figure.ordinal()], theirs[figure.ordinal()], qemu);
        }
        out.println(qemu ? "" : "  QEMU: skipped, qemu-system-x86_64 is not installed\n");
    }

    private static void put(double[][] all, int round, double[] one) {
        for (int i = 0; i < one.length; i++) {
            all[i][round] = one[i];
        }
    }

    private static void report(PrintStream out, Figure figure, double[] ours, double[] theirs, boolean qemu) {
        out.println(new Samples(ours).row(Contender.ours() + ", " + figure.title, figure.unit));
        if (qemu) {
            out.println(new Samples(theirs).row(Contender.theirs() + ", " + figure.title, figure.unit));
            out.printf(Locale.ROOT, "  ratio cloister/QEMU %47.2f%n", Samples.ratio(ours, theirs));
        }
    }

    private static List<String> cloister(Path root, Path guest, Path disk) {
        List<String> command = Contender.cloister(root, MEMORY);
        command.addAll(List.of("--no-rng", "--kernel", guest.toString(), "--disk", disk.toString()));
        return command;
    }

    private static List<String> qemu(Path guest, Path disk) {
        List<String> command = Contender.qemu(MEMORY);
        command.addAll(List.of("-kernel", guest.toString()));
        command.addAll(List.of("-drive", "if=none,id=disk,format=raw,cache=writeback,file=" + disk));
        command.addAll(List.of("-device", "virtio-blk-pci,drive=disk,disable-legacy=on"));
        return command;
    }

    private static double[] measure(List<String> command) throws IOException {
        Process process = Contender.process(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        // Where nothing more comes its end is heard.
        CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
        try {
            InputStream said = process.getInputStream();
            double[] figures = new double[Figure.values().length];
            long before = await(said, 'a');
            for (int i = 0; i < Figure.RESIDENT.ordinal(); i++) {
                long now = await(said, (char) ('b' + i));
                figures[i] = Figure.values()[i].of(now - before);
                before = now;
            }
            figures[Figure.RESIDENT.ordinal()] = residentMebibytes(process.pid());
            return figures;
        } finally {
            process.destroyForcibly();
        }
    }

    /** Other text, such as firmware's, is passed over. */
    private static long await(InputStream said, char letter) throws IOException {
        int heard;
        do {
            heard = said.read();
            if (heard < 0) {
                throw new IOException("the guest ended, or was ended after " + PATIENCE_SECONDS
                        + " s, before it had said '" + letter + "'");
            }
        } while (heard != letter);
        return System.nanoTime();
    }

    /** What a process has in memory now. */
    static double residentMebibytes(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
            }
        }
        return Double.NaN;
    }
}
