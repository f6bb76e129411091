package dev.cloister.vmm.board;

import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.report.FaultReport;
import dev.cloister.vmm.report.Outcome;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What follows when a guest resets its machine: the end, a restart in place, or a fault where the guest had panicked or does nothing but
 * reset. Any thread.
 */
final class Reboots {
    /** More restarts than this {@link #WITHIN} a time are a loop that nobody wants to go on. */
    static final int MOST = 10;

    /** How far back restarts are counted. */
    static final Duration WITHIN = Duration.ofMinutes(10);

    private final OnReboot wanted;
    private final LongSupplier nanos;
    private final Deque<Long> recent = new ArrayDeque<>();
    private long total;

    /**
     * No restart so far.
     *
     * @param nanos the host's monotonic time in nanoseconds
     */
    Reboots(OnReboot wanted, LongSupplier nanos) {
        this.wanted = wanted;
        this.nanos = nanos;
    }

    /**
     * The guest resets the machine.
     *
     * @param panic what it had said on its console, if it had panicked: a Linux guest with {@code panic=} resets the machine then, and that
     *     is no reboot which somebody asked for
     * @param lines its last lines
     */
    synchronized RunControl.End asked(Optional<String> panic, List<String> lines) {
        if (panic.isPresent()) {
            return fault(panic.get(), lines);
        }
        if (wanted == OnReboot.EXIT) {
            return new RunControl.End(Outcome.RESET, "", 0, null);
        }
        long now = nanos.getAsLong();
        while (!recent.isEmpty() && now - recent.getFirst() > WITHIN.toNanos()) {
            recent.removeFirst();
        }
        if (recent.size() >= MOST) {
            String loop = "the guest does nothing but reboot: " + (MOST + 1) + " times within " + WITHIN.toMinutes()
                    + " minutes, expected at most " + MOST;
            return fault(loop, lines);
        }
        return RunControl.RESTART;
    }

    private static RunControl.End fault(String reason, List<String> lines) {
        return new RunControl.End(Outcome.GUEST_FAULT, reason, 0, FaultReport.told(reason, lines));
    }

    /** A restart has begun. */
    synchronized void restarted() {
        recent.addLast(nanos.getAsLong());
        total++;
    }

    /** What the report says of restarts: at most one line. */
    synchronized List<String> notes() {
        return total == 0 ? List.of() : List.of("the guest rebooted " + total + (total == 1 ? " time" : " times"));
    }
}
