package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.LinuxImage;
import dev.cloister.it.harness.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Debian's own kernel, as {@code image linux} fetches it, under the emulated engine, woken by its clock and through a panic. */
class LinuxTest {
    /** About 20 s of processor time; a machine that runs many tests at once may give a tenth of a processor. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    private static final String PROMPT = " # ";

    /** Asks the CMOS clock for an alarm, waits until the driver has had it, and shows the interrupt's count. */
    private static final String ALARM = "cd /sys/class/rtc/rtc0; echo +2 > wakealarm;"
            + " while [ -n \"$(cat wakealarm)\" ]; do sleep 1; done; grep 8-edge /proc/interrupts\n";

    private static final Pattern WOKEN = Pattern.compile("8: +[1-9][0-9]* +IO-APIC +8-edge +rtc0");

    @Test
    void anAlarmOfTheClockWakesAndAPanicIsAFaultWithTheLastLinesOfTheConsole() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = LinuxImage.make(cloister);
        String folder = image.toString();
        try (Running run = cloister.start(
                "run", "--image", folder, "--engine", "emulated", "--cmdline", "panic=-1", "--timeout", "8m")) {
            awaitShell(run);
            run.type(ALARM);
            run.awaitOut(all -> WOKEN.matcher(all).find(), "an interrupt of the clock", PATIENCE);
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
}
