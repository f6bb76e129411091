package dev.cloister.it.bench;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Supervisor code by the emulator (its hot blocks are bytecode), by KVM at CPL 0 (on some hosts an interpreter itself) and by QEMU's TCG, in turns: a
 * branchy integer mix, copying and scanning memory by loops and by string instructions, page faults; and SeaBIOS. Time is processor time
 * of whoever executes, because others may use the machine.
 */
final class EmulatorBench {
    private static final int ROUNDS = 5;
    private static final long TICK_NANOS = 10_000_000;
    private static final int UTIME = 13;

    private final PrintStream out;
    private final Path scratch;
    private final Optional<Path> kvm;
    private final boolean qemu = NativePeer.installed("qemu-system-x86_64").isPresent();

    /**
     * One kind of work.
     *
     * @param title what it is
     * @param number WORK in the guest
     * @param ours how often the emulator does it
     * @param kvm how often KVM does it, 0 where it can't
     * @param qemu how often QEMU does it
     * @param unit of the figure
     * @param each how many of the unit one round is, or 0 for instructions
     */
    private record Kind(String title, int number, int ours, int kvm, int qemu, String unit, double each) {}

    private static final List<Kind> KINDS = List.of(
            new Kind("branchy integer mix", 0, 80_000, 400, 80_000, "M instr/s", 0),
            new Kind("memory by plain loops", 1, 800, 8, 800, "M instr/s", 0),
            new Kind("memory by string instructions", 2, 20_000, 20, 4_000, "MiB/s", 0.125),
            new Kind("page faults", 3, 3_000, 60, 3_000, "k faults/s", 0.256));

    private EmulatorBench(PrintStream out, Path scratch) throws IOException, InterruptedException {
        this.out = out;
        this.scratch = scratch;
        boolean host = Files.isWritable(Path.of("/dev/kvm"));
        kvm = host ? NativePeer.compile("kvm_flat.c", scratch) : Optional.empty();
    }

    static void run(PrintStream out, Path scratch) throws Exception {
        EmulatorBench bench = new EmulatorBench(out, scratch);
        for (Kind kind : KINDS) {
            bench.compare(kind);
        }
        FirmwareBench.run(out);
    }

    private void compare(Kind kind) throws Exception {
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        double[] tcg = new double[ROUNDS];
        byte[] flat = image(kind, kind.ours, false);
        byte[] forKvm = image(kind, kind.kvm, false);
        Path bare = Files.write(scratch.resolve("emulator.bin"), forKvm);
        Path elf = Files.write(scratch.resolve("emulator.elf"), image(kind, kind.qemu, true));
        double kvmAmount = amount(kind, kind.kvm, EmulatedBoard.run(forKvm).instructions());
        double qemuAmount = amount(
                kind,
                kind.qemu,
                EmulatedBoard.run(image(kind, kind.qemu, false)).instructions());
        for (int round = -1; round < ROUNDS; round++) {
            EmulatedBoard.Work work = EmulatedBoard.run(flat);
            double nanos = kvm.isPresent()
                    ? Double.parseDouble(NativePeer.output(List.of(kvm.get().toString(), bare.toString())))
                    : Double.NaN;
            double ticks = qemu ? qemuNanos(elf) : Double.NaN;
            if (round >= 0) {
                ours[round] = amount(kind, kind.ours, work.instructions()) / work.nanos();
                theirs[round] = kvmAmount / nanos;
                tcg[round] = qemuAmount / ticks;
            }
        }
        report(kind, ours, theirs, tcg);
    }

    private void report(Kind kind, double[] ours, double[] theirs, double[] tcg) {
        out.println(Samples.header(kind.title + " (per second of processor time)"));
        out.println(new Samples(ours).row("cloister, emulator", kind.unit));
        if (kvm.isPresent()) {
            out.println(new Samples(theirs).row("KVM, CPL 0", kind.unit));
            out.printf(Locale.ROOT, "  ratio cloister/KVM %40.2f%n", Samples.ratio(ours, theirs));
        } else {
            out.println("  KVM: skipped, /dev/kvm can't be written or gcc is not installed");
        }
        if (qemu) {
            out.println(new Samples(tcg).row("QEMU, TCG", kind.unit));
            out.printf(Locale.ROOT, "  ratio cloister/QEMU %47.2f%n", Samples.ratio(ours, tcg));
        } else {
            out.println("  QEMU: skipped, qemu-system-x86_64 is not installed");
        }
        out.println();
    }

    /** What so many rounds do, in the kind's unit times a second's nanoseconds. */
    private static double amount(Kind kind, int rounds, long instructions) {
        return kind.each == 0 ? instructions * 1e3 : rounds * kind.each * 1e9;
    }

    private static byte[] image(Kind kind, int rounds, boolean elf) throws IOException, AssemblyException {
        String head = elf
                ? "        format elf32\n        pvhnote start\n        entry start\n"
                : "        format flat\n        org 0x100000\n";
        try (InputStream in = EmulatorBench.class.getResourceAsStream("emulator.asm")) {
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String numbers = "WORK equ " + kind.number + "\nROUNDS equ " + Math.max(1, rounds) + "\n";
            return Assembler.create()
                    .assemble("emulator.asm", head + numbers + source)
                    .image();
        }
    }

    /** Processor time of a QEMU between the guest's S and its E. */
    private static double qemuNanos(Path elf) throws IOException {
        Process process = new ProcessBuilder(
                        "qemu-system-x86_64",
                        "-M",
                        "microvm",
                        "-accel",
                        "tcg",
                        "-m",
                        "64M",
                        "-nodefaults",
                        "-no-user-config",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-chardev",
                        "stdio,id=d",
                        "-device",
                        "isa-debugcon,iobase=0xe9,chardev=d",
                        "-kernel",
                        elf.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            InputStream said = process.getInputStream();
            if (said.read() != 'S') {
                return Double.NaN;
            }
            long before = processorNanos(process.pid());
            return said.read() == 'E' ? processorNanos(process.pid()) - before : Double.NaN;
        } finally {
            process.destroyForcibly();
        }
    }

    /** Processor time of a process, by whole ticks of the clock. */
    static long processorNanos(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        // The name may contain spaces; fields are counted from behind it.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[UTIME - 2]) + Long.parseLong(fields[UTIME - 1])) * TICK_NANOS;
    }
}
