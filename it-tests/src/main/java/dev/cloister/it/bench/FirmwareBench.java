package dev.cloister.it.bench;

import dev.cloister.it.DebianPackages;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * SeaBIOS from its first instruction until it finds nothing to boot: the emulated engine, the direct engine, QEMU's TCG, in turns. It waits
 * for devices most of the time; what is compared is the processor time of the vCPU's thread, and of the whole QEMU.
 */
final class FirmwareBench {
    private static final int ROUNDS = 3;
    private static final String LAST_WORDS = "No bootable device.";
    /** How much of what was said last is looked at; more than is written at once. */
    private static final int TAIL = 4096;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private FirmwareBench() {}

    static void run(PrintStream out) throws Exception {
        Optional<Path> bios = DebianPackages.ofBuild().seabios("bios-256k.bin");
        if (bios.isEmpty()) {
            out.println("SeaBIOS: skipped, Debian's package seabios can't be had\n");
            return;
        }
        boolean kvm = Files.isWritable(Path.of("/dev/kvm"));
        boolean qemu = NativePeer.installed("qemu-system-x86_64").isPresent();
        double[] emulated = new double[ROUNDS];
        double[] direct = new double[ROUNDS];
        double[] tcg = new double[ROUNDS];
        MemorySegment image = MemorySegment.ofArray(Files.readAllBytes(bios.get()));
        for (int round = -1; round < ROUNDS; round++) {
            double a = millis(Engine.EMULATED, image);
            double b = kvm ? millis(Engine.DIRECT, image) : Double.NaN;
            double c = qemu ? qemuMillis(bios.get()) : Double.NaN;
            if (round >= 0) {
                emulated[round] = a;
                direct[round] = b;
                tcg[round] = c;
            }
        }
        out.println(Samples.header("SeaBIOS, first instruction to \"" + LAST_WORDS + "\" (processor time)"));
        out.println(new Samples(emulated).row("cloister, engine emulated", "ms"));
        if (kvm) {
            out.println(new Samples(direct).row("cloister, engine direct", "ms"));
            out.printf(Locale.ROOT, "  ratio emulated/direct %37.2f%n", Samples.ratio(emulated, direct));
        }
        if (qemu) {
            out.println(new Samples(tcg).row("QEMU, TCG, its start included", "ms"));
            out.printf(Locale.ROOT, "  ratio emulated/QEMU %39.2f%n", Samples.ratio(emulated, tcg));
        }
        out.println();
    }

    private static double millis(Engine engine, MemorySegment bios) throws Exception {
        Watch watch = new Watch();
        MachineConfig config = MachineConfig.builder(BootImage.firmware(bios))
                .engine(engine)
                .serialOut(watch)
                .timeout(PATIENCE)
                .build();
        try (Machine machine = Machine.open(config)) {
            machine.start();
            watch.seen.await();
            double millis = vcpuNanos() / 1e6;
            machine.stop();
            machine.await();
            return millis;
        }
    }

    private static long vcpuNanos() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("vcpu-"))
                .mapToLong(thread -> ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId()))
                .sum();
    }

    private static double qemuMillis(Path bios) throws IOException {
        Process process = new ProcessBuilder(List.of(
                        "qemu-system-x86_64",
                        "-M",
                        "pc",
                        "-accel",
                        "tcg",
                        "-m",
                        "64M",
                        "-nodefaults",
                        "-display",
                        "none",
                        "-bios",
                        bios.toString(),
                        "-chardev",
                        "stdio,id=d",
                        "-device",
                        "isa-debugcon,iobase=0x402,chardev=d"))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            InputStream said = process.getInputStream();
            Watch watch = new Watch();
            while (watch.seen.getCount() > 0) {
                int b = said.read();
                if (b < 0) {
                    return Double.NaN;
                }
                watch.write(b);
            }
            return EmulatorBench.processorNanos(process.pid()) / 1e6;
        } finally {
            process.destroyForcibly();
        }
    }

    /** Knows when the last words have been said. */
    private static final class Watch extends ByteArrayOutputStream {
        final CountDownLatch seen = new CountDownLatch(1);

        @Override
        public synchronized void write(int b) {
            super.write(b);
            look();
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            look();
        }

        private void look() {
            int from = Math.max(0, count - TAIL);
            if (new String(buf, from, count - from, StandardCharsets.ISO_8859_1).contains(LAST_WORDS)) {
                seen.countDown();
            }
        }
    }
}
