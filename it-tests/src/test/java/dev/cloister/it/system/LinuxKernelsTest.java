package dev.cloister.it.system;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Debian's cloud kernels, unmodified, under the emulated engine, with one processor and with two: to a shell, a command, and off. The
 * kernel's own log holds no warning that it doesn't hold under QEMU's TCG with the same kernel, initial RAM disk, command line, memory
 * and like devices, and the time to {@code /init} is printed beside QEMU's. {@code -Dlinux.cpus=8} boots with another number.
 */
class LinuxKernelsTest {
    /** About 25 s of processor time; a machine that runs many tests at once may give a tenth of a processor. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    private static final String PROMPT = " # ";
    private static final String MEBIBYTES = "256";
    private static final String BOOTED = "reached /init";
    private static final String WARNING = "WARNS ";

    /** Warnings that the host's load makes, with their reason. What is not here has to be in QEMU's log. */
    private static final Map<String, String> EXPLAINED = Map.of(
            "hrtimer: interrupt took",
            "the guest's time is real time: a handler that the host's scheduler held up took long, under QEMU as well");

    /** One boot: to the first line of /init, in seconds on the clock and of the processor, and the warnings. */
    private record Boot(double clock, double processor, List<String> warnings) {}

    @ParameterizedTest
    @ValueSource(strings = {"6.1", "6.12"})
    void bootsWithoutWarningsThatQemuDoesNotShow(String series) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = image(cloister, series);
        Optional<Path> qemu = DebianPackages.onPath("qemu-system-x86_64");
        if (qemu.isEmpty()) {
            System.out.println("no qemu-system-x86_64 on the PATH: the log has to be without any warning");
        }
        for (int cpus : cpus()) {
            Boot ours = boot(cloister, cloister(image, cpus), "42 on " + cpus + " by tsc");
            say(series, cpus, "cloister", ours);
            List<String> known = List.of();
            if (qemu.isPresent()) {
                Boot other = boot(cloister, qemu(qemu.get(), image, cpus), "42 on " + cpus + " by ");
                say(series, cpus, "QEMU TCG", other);
                System.out.printf(
                        Locale.ROOT,
                        "  ratio on the clock %.1f, of processor time %.1f%n",
                        ours.clock / other.clock,
                        ours.processor / other.processor);
                known = other.warnings;
            }
            Set<String> theirs = known.stream().map(LinuxKernelsTest::pattern).collect(toSet());
            assertThat(ours.warnings)
                    .as("warnings of %s with %d processors that are neither QEMU's nor explained", series, cpus)
                    .allMatch(line -> theirs.contains(pattern(line))
                            || EXPLAINED.keySet().stream().anyMatch(line::contains));
        }
    }

    /** A warning without its numbers: two runs never count the same. */
    private static String pattern(String warning) {
        return warning.replaceAll("[0-9]+", "0");
    }

    private static List<Integer> cpus() {
        Integer wanted = Integer.getInteger("linux.cpus");
        return wanted == null ? List.of(1, 2) : List.of(wanted);
    }

    private static Path image(Cloister cloister, String series) throws Exception {
        Optional<String> kernel = DebianPackages.ofBuild().cloudKernelPackage(series);
        assumeTrue(kernel.isPresent(), "no cloud kernel " + series + " can be had here; the reason is printed above");
        return LinuxImage.make(cloister, "--kernel", kernel.get());
    }

    private static List<String> cloister(Path image, int cpus) {
        List<String> options = List.of("run", "--image", image.toString(), "--engine", "emulated", "--timeout", "16m");
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("--memory", MEBIBYTES + "M", "--cpus", cpus + ""));
        return Cloister.commandLine(all.toArray(String[]::new));
    }

    /** A machine with PCI Express, one serial port, an entropy device, and what its chipset brings. */
    private static List<String> qemu(Path qemu, Path image, int cpus) throws IOException {
        List<String> command = new ArrayList<>(List.of(qemu.toString(), "-M", "q35", "-accel", "tcg"));
        command.addAll(List.of("-m", MEBIBYTES, "-smp", cpus + "", "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-serial", "stdio", "-device", "virtio-rng-pci", "-no-reboot"));
        command.addAll(List.of("-kernel", image.resolve("vmlinuz") + "", "-initrd", image.resolve("initrd.img") + ""));
        command.addAll(
                List.of("-append", Files.readString(image.resolve("cmdline")).strip()));
        return command;
    }

    private static Boot boot(Cloister cloister, List<String> command, String answer) throws Exception {
        long start = System.nanoTime();
        try (Running run = cloister.start(command)) {
            run.awaitOut(all -> all.contains(BOOTED), "first line of /init", PATIENCE);
            double clock = (System.nanoTime() - start) / 1e9;
            double processor = run.handle()
                            .info()
                            .totalCpuDuration()
                            .map(Duration::toNanos)
                            .orElse(0L)
                    / 1e9;
            run.awaitOut(all -> all.indexOf(PROMPT, all.indexOf(BOOTED)) > 0, "shell of busybox", PATIENCE);
            run.type("echo $((6 * 7)) on $(nproc) by $(cat /sys/devices/system/clocksource/*/current_clocksource)\n");
            run.awaitOut(all -> all.contains(answer), "the command's output", PATIENCE);
            run.type("dmesg -r | sed -n 's/^<[0-4]>/" + WARNING + "&/p'; echo $((40 + 4)) is all\n");
            run.awaitOut(all -> all.contains("44 is all"), "the kernel's warnings", PATIENCE);
            run.type("exit\n");
            Finished end = run.await(PATIENCE).expect(0);
            assertThat(end.err()).doesNotContain("WARNING:");
            assertThat(end.out()).doesNotContain("WARNING:", "BUG:", "stall", "unstable", "lockup", "Call Trace");
            List<String> warnings = end.out()
                    .lines()
                    .filter(line -> line.startsWith(WARNING + "<"))
                    .map(line -> line.strip().replaceFirst("^[^\\]]*\\] ", ""))
                    .toList();
            return new Boot(clock, processor, warnings);
        }
    }

    private static void say(String series, int cpus, String who, Boot boot) {
        System.out.printf(
                Locale.ROOT,
                "Linux %s, %d processors, %s: /init after %.1f s, %.1f s of processor time; %d warnings%n",
                series,
                cpus,
                who,
                boot.clock,
                boot.processor,
                boot.warnings.size());
        boot.warnings.forEach(line -> System.out.println("    " + line));
    }
}
