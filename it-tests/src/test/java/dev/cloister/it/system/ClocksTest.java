package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.OutputFormat;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.loader.ImageModule;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/**
 * Debian's kernel with several processors, and a program of ours in it ({@code clocks.asm}) that looks at its clocks from all processors in
 * turn, while the machine is paused in between, and then exchanges a page while the others look at it. Nothing here depends on how fast
 * the host is: the guest compares its clocks with each other, and the ACPI timer counts the VMM's guest time.
 *
 * <p>{@code -Dcloister.linux.image=DIR} takes another kernel than the newest, {@code -Dcloister.linux.cpus=N} (2 to 9) another number of
 * processors than three.
 */
class ClocksTest {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration PAUSE = Duration.ofSeconds(4);
    private static final long ACPI_HERTZ = 3_579_545;
    private static final double SECOND = 1e9;

    /** How far Linux's own conversion of a counter to nanoseconds may be off, in parts of a thousand million, and a tick of the timer. */
    private static final long DRIFT_PER_SECOND = 50_000;

    private static final long TICK_NANOS = 300;

    /** The program's SAMPLE line. */
    private record Sample(long before, long timer, long after, long stamp, long rtc) {
        static Sample of(String line) {
            long[] numbers = numbers(line);
            return new Sample(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        }

        /** Minutes and seconds of the CMOS clock, in seconds. */
        long wall() {
            return bcd(rtc >>> 8) * 60 + bcd(rtc & 0xff);
        }

        private static long bcd(long value) {
            return (value >>> 4) * 10 + (value & 15);
        }
    }

    @Test
    void clocksOfAllProcessorsAgreeThroughAPauseAndNoneSeesAPageThatIsGone() throws Exception {
        Path image = image();
        int cpus = Integer.getInteger("cloister.linux.cpus", 3);
        Output output = new Output();
        PipedOutputStream typed = new PipedOutputStream();
        MachineConfig config = MachineConfig.builder(BootImage.kernel(bytes(image.resolve("vmlinuz")))
                        .withCommandLine("console=ttyS0 quiet")
                        .withModules(List.of(
                                new ImageModule("initrd", bytes(image.resolve("initrd.img"))),
                                new ImageModule("program", MemorySegment.ofArray(archive())))))
                .engine(Engine.EMULATED)
                .cpus(cpus)
                .serialOut(output)
                .serialIn(new PipedInputStream(typed))
                .timeout(PATIENCE)
                .build();
        try (Machine machine = Machine.open(config)) {
            machine.start();
            output.await(" # ");
            type(typed, "/clocks " + cpus + "\n");
            output.await("STORM");
            assertThat(machine.pause()).isTrue();
            long from = System.nanoTime();
            pass(PAUSE);
            long paused = System.nanoTime() - from;
            assertThat(machine.resume()).isTrue();
            output.await("REMAPS ");
            type(typed, "\n");
            output.await("SAMPLE", 2);
            machine.stop();
            machine.await();
            String all = output.text();
            System.out.println(all.substring(all.indexOf("SAMPLE")));
            check(all, paused);
        }
    }

    private static void check(String all, long paused) {
        long[] order = numbers(line(all, "ORDER", 0));
        assertThat(order[0]).as("rounds of all processors").isPositive();
        assertThat(order[1])
                .as("time-stamp counters that stood before the last")
                .isZero();
        assertThat(order[2]).as("monotonic clocks that stood before the last").isZero();
        long[] remaps = numbers(line(all, "REMAPS", 0));
        assertThat(remaps[1]).as("looks at the page").isPositive();
        assertThat(remaps[2]).as("looks that saw the page that was gone").isZero();

        Sample first = Sample.of(line(all, "SAMPLE", 0));
        Sample last = Sample.of(line(all, "SAMPLE", 1));
        long least = last.before() - first.after();
        long most = last.after() - first.before();
        long slack = 2 * TICK_NANOS + most / (long) SECOND * DRIFT_PER_SECOND + DRIFT_PER_SECOND;
        long ticks = last.timer() - first.timer() & 0xffff_ffffL;
        long byTimer = Math.round(ticks * SECOND / ACPI_HERTZ);
        assertThat(byTimer).as("ACPI timer against CLOCK_MONOTONIC").isBetween(least - slack, most + slack);
        assertThat(last.stamp() - first.stamp())
                .as("time-stamp counter of 1 GHz against CLOCK_MONOTONIC")
                .isBetween(least - slack, most + slack);
        // The CMOS clock is the host's time of day, which went on during the pause; it is read in whole seconds.
        double wall = Math.floorMod(last.wall() - first.wall(), 3600L);
        double missing = wall - least / SECOND;
        assertThat(missing).as("host time that the guest didn't see").isGreaterThan(paused / SECOND - 1.5);
    }

    private static String line(String all, String word, int skip) {
        return all.lines()
                .filter(line -> line.startsWith(word + " "))
                .skip(skip)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line " + word + " in " + all));
    }

    private static long[] numbers(String line) {
        return Arrays.stream(line.strip().split(" "))
                .skip(1)
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private static Path image() throws Exception {
        String chosen = System.getProperty("cloister.linux.image", "");
        if (!chosen.isEmpty()) {
            return Path.of(chosen);
        }
        return LinuxImage.make(Cloister.fresh());
    }

    /** One file, as Linux unpacks it over its first root file system ("newc"). */
    private static byte[] archive() throws Exception {
        byte[] program;
        try (InputStream source = Objects.requireNonNull(ClocksTest.class.getResourceAsStream("clocks.asm"))) {
            String text = new String(source.readAllBytes(), StandardCharsets.US_ASCII);
            program = Assembler.of(OutputFormat.ELF64)
                    .assemble("clocks.asm", text)
                    .image();
        }
        return SmallRoot.archive(Map.of("clocks", program));
    }

    private static void type(PipedOutputStream typed, String text) throws Exception {
        typed.write(text.getBytes(StandardCharsets.US_ASCII));
        typed.flush();
    }

    private static MemorySegment bytes(Path file) throws Exception {
        return MemorySegment.ofArray(Files.readAllBytes(file));
    }

    /** The host's time is what this waits for. */
    private static void pass(Duration time) throws InterruptedException {
        new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** What the guest printed, to be waited for. */
    private static final class Output extends ByteArrayOutputStream {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition grown = lock.newCondition();

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            lock.lock();
            try {
                super.write(bytes, offset, length);
                grown.signalAll();
            } finally {
                lock.unlock();
            }
        }

        String text() {
            return toString(StandardCharsets.ISO_8859_1).replace("\r", "");
        }

        void await(String text) throws InterruptedException {
            await(text, 1);
        }

        /** Waits until a whole line with the text has been printed so many times, or the text is a prompt. */
        void await(String text, int times) throws InterruptedException {
            lock.lock();
            try {
                long left = PATIENCE.toNanos();
                while (count(text) < times) {
                    assertThat(left).as("waiting for %s in %s", text, text()).isPositive();
                    left = grown.awaitNanos(left);
                }
            } finally {
                lock.unlock();
            }
        }

        private long count(String text) {
            String all = text();
            if (text.equals(" # ")) {
                return all.contains("reached /init") && all.indexOf(text, all.indexOf("reached /init")) > 0 ? 1 : 0;
            }
            return all.substring(0, all.lastIndexOf('\n') + 1)
                    .lines()
                    .filter(line -> line.startsWith(text))
                    .count();
        }
    }
}
