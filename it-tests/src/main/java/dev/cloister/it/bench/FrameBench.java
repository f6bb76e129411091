package dev.cloister.it.bench;

import dev.cloister.policy.protocol.ScheduleView;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;

/**
 * How punctual the frames of a schedule are, by the daemon's own count: two real VMMs whose guests take exits without end share one
 * CPU. The first major frame warms the daemon up; another with the same plan is told.
 */
final class FrameBench {
    private static final long WARM_MILLIS = 4000;
    private static final long MEASURED_MILLIS = 10_000;
    private static final double MICRO = 1e3;

    private FrameBench() {}

    static void run(PrintStream out, Path scratch, Path busyGuest) throws IOException, InterruptedException {
        Path folder = Scratch.fresh(scratch, "frames");
        int cpu = Runtime.getRuntime().availableProcessors() - 1;
        String plan = "\"cpus\": [{\"cpu\": " + cpu + ", \"minors\": [{\"domain\": \"red\", \"for\": \"6ms\"},"
                + " {\"domain\": \"black\", \"for\": \"2ms\"}, {\"idle\": true, \"for\": \"2ms\"}]}]";
        Path policy = new BenchDaemon.Policy(folder)
                .domain("red", busyGuest, "")
                .domain("black", busyGuest, "")
                .with(", \"schedule\": {\"majors\": [{\"name\": \"warm\", " + plan + "}, {\"name\": \"measured\", "
                        + plan + "}]}")
                .write();
        try (BenchDaemon daemon = BenchDaemon.start(policy, folder.resolve("state"), Jvm.vmm())) {
            Thread.sleep(WARM_MILLIS);
            daemon.client().useMajor("measured");
            Thread.sleep(MEASURED_MILLIS);
            tell(out, daemon.client().ps().schedule().getFirst());
        } catch (IOException e) {
            out.println("frames: skipped, " + e.getMessage() + "\n");
        }
    }

    private static void tell(PrintStream out, ScheduleView schedule) {
        out.printf(
                Locale.ROOT,
                "frames of two busy domains on one CPU, stopped by %s, %s priority%n  %-46s %10s %10s %10s%n",
                schedule.mechanism(),
                schedule.realTime() ? "real-time" : "no",
                "",
                "p50",
                "p99",
                "max");
        for (ScheduleView.FrameView frame : schedule.frames()) {
            if (frame.major().equals("measured") && !frame.domain().isEmpty()) {
                row(
                        out,
                        frame.domain() + ", " + frame.starts() + " frames: begins after its moment",
                        frame.lateP50Nanos(),
                        frame.lateP99Nanos(),
                        frame.lateMaxNanos());
            }
        }
        row(
                out,
                "stands after its frame's end (all frames)",
                schedule.standP50Nanos(),
                schedule.standP99Nanos(),
                schedule.standMaxNanos());
        out.printf(
                Locale.ROOT,
                "  %d spans missed, %d ends not seen to be complete in time%n%n",
                schedule.overruns(),
                schedule.unconfirmed());
    }

    private static void row(PrintStream out, String name, long p50, long p99, long max) {
        out.printf(Locale.ROOT, "  %-46s %10.1f %10.1f %10.1f  µs%n", name, p50 / MICRO, p99 / MICRO, max / MICRO);
    }
}
