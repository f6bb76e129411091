package dev.cloister.it.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * From the start of the VMM's process to the guest's first instructions, and the process's memory at that moment, against QEMU's
 * {@code microvm} with the same PVH guest. The guest writes one byte to port 0xe9 and halts; the clock stops when that byte
 * arrives.
 */
final class StartBench {
    private static final int ROUNDS = 10;

    private StartBench() {}

    /** One start: time to the guest's first byte, and resident memory then. */
    private record Start(double millis, double mebibytes) {}

    static void run(PrintStream out, Path root, Path guest) throws IOException {
        List<String> cloister =
                List.of(root.resolve("cloister").toString(), "run", "--kernel", guest.toString(), "--memory", "64M");
        Optional<List<String>> qemu = qemu(guest);
        double[][] ours = new double[2][ROUNDS];
        double[][] theirs = new double[2][ROUNDS];
        for (int round = -1; round < ROUNDS; round++) {
            Start a = start(cloister);
            Start b = qemu.isPresent() ? start(qemu.get()) : a;
            if (round >= 0) {
                ours[0][round] = a.millis();
                ours[1][round] = a.mebibytes();
                theirs[0][round] = b.millis();
                theirs[1][round] = b.mebibytes();
            }
        }
        out.println(Samples.header("process start to the guest's first byte; resident memory then"));
        out.println(new Samples(ours[0]).row("cloister run", "ms"));
        out.println(new Samples(ours[1]).row("cloister run", "MiB"));
        if (qemu.isEmpty()) {
            out.println("  QEMU: skipped, qemu-system-x86_64 is not installed\n");
            return;
        }
        String accelerator = qemu.get().get(qemu.get().indexOf("-accel") + 1);
        out.println(new Samples(theirs[0]).row("qemu microvm, " + accelerator, "ms"));
        out.println(new Samples(theirs[1]).row("qemu microvm, " + accelerator, "MiB"));
        out.printf(
                java.util.Locale.ROOT,
                "  ratio cloister/qemu: time %.2f, memory %.2f%n%n",
                Samples.ratio(ours[0], theirs[0]),
                Samples.ratio(ours[1], theirs[1]));
    }

    /** QEMU under KVM if it gets the guest going there, else under TCG. */
    private static Optional<List<String>> qemu(Path guest) throws IOException {
        if (NativePeer.installed("qemu-system-x86_64").isEmpty()) {
            return Optional.empty();
        }
        for (String accelerator : List.of("kvm", "tcg")) {
            List<String> command =
                    new ArrayList<>(List.of("qemu-system-x86_64", "-M", "microvm", "-accel", accelerator));
            command.addAll(List.of("-m", "64M", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
            command.addAll(List.of("-chardev", "stdio,id=d", "-device", "isa-debugcon,iobase=0xe9,chardev=d"));
            command.addAll(List.of("-kernel", guest.toString()));
            if (!Double.isNaN(start(command).millis())) {
                return Optional.of(command);
            }
        }
        return Optional.empty();
    }

    private static Start start(List<String> command) throws IOException {
        long before = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            int first = process.getInputStream().read();
            double millis = (System.nanoTime() - before) / 1e6;
            return first < 0 ? new Start(Double.NaN, Double.NaN) : new Start(millis, resident(process.pid()));
        } finally {
            process.destroyForcibly();
        }
    }

    private static double resident(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
            }
        }
        throw new IOException("no VmRSS of process " + pid);
    }
}
