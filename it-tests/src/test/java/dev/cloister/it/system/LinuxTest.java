package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Debian's own kernel, as {@code image linux} fetches it, under the emulated engine: to a shell and off, and through a panic. */
class LinuxTest {
    /** About 20 s of processor time; a machine that runs many tests at once may give a tenth of a processor. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    private static final String PROMPT = " # ";

    @Test
    void debiansKernelReachesAShellRunsACommandPowersOffAndItsPanicIsAFault() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = cloister.folder().resolve("linux");
        try (Running making = cloister.start("image", "linux", image.toString())) {
            Finished made = making.await(Duration.ofMinutes(4));
            if (made.code() != 0) {
                System.out.println("no Debian kernel here: " + made.err());
            }
            assumeTrue(made.code() == 0, "Debian's kernel can't be had here; the reason is printed above");
        }
        String folder = image.toString();
        long start = System.nanoTime();
        try (Running run =
                cloister.start("run", "--image", folder, "--engine", "emulated", "--cpus", "2", "--timeout", "8m")) {
            awaitShell(run);
            System.out.println("to a shell, emulated: " + seconds(start) + " s");
            run.type("echo $((6 * 7)) on $(nproc) by $(cat /sys/devices/system/clocksource/*/current_clocksource)\n");
            run.awaitOut(all -> all.contains("42 on 2 by tsc"), "the command's output", PATIENCE);
            run.type("exit\n");
            Finished end = run.await(PATIENCE).expect(0);
            assertThat(end.out()).doesNotContain("WARNING:", "BUG:", "stall", "unstable", "lockup");
        }
        Optional<Path> qemu = DebianPackages.onPath("qemu-system-x86_64");
        if (qemu.isPresent()) {
            compare(cloister, qemu.get(), image);
        }
        try (Running run = cloister.start(
                "run", "--image", folder, "--engine", "emulated", "--cmdline", "panic=-1", "--timeout", "8m")) {
            awaitShell(run);
            run.type("echo c > /proc/sysrq-trigger\n");
            Finished end = run.await(PATIENCE).expect(70);
            assertThat(end.err())
                    .contains("guest fault: Kernel panic - not syncing: sysrq triggered crash")
                    .contains("last lines of the console, oldest first:");
        }
    }

    private static void awaitShell(Running run) throws InterruptedException {
        run.awaitOut(
                all -> all.contains("reached /init") && all.indexOf(PROMPT, all.indexOf("reached /init")) > 0,
                "shell of busybox",
                PATIENCE);
    }

    /** The same kernel, initrd, command line, memory and processors under QEMU's TCG, for the eye: no verdict is made from it. */
    private static void compare(Cloister cloister, Path qemu, Path image) throws Exception {
        List<String> command = new ArrayList<>(List.of(qemu.toString(), "-accel", "tcg", "-m", "256", "-smp", "2"));
        command.addAll(List.of("-nographic", "-no-reboot", "-kernel", image.resolve("vmlinuz") + ""));
        command.addAll(List.of("-initrd", image.resolve("initrd.img") + "", "-append", "console=ttyS0 quiet"));
        long start = System.nanoTime();
        try (Running run = cloister.start(command)) {
            awaitShell(run);
            System.out.println("to a shell, QEMU TCG: " + seconds(start) + " s");
        }
    }

    private static long seconds(long since) {
        return Duration.ofNanos(System.nanoTime() - since).toSeconds();
    }
}
