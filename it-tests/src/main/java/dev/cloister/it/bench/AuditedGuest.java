package dev.cloister.it.bench;

import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * What a busy domain loses to the audit log: a real daemon and a guest that takes exits without end, in slices with and without
 * somebody who makes the daemon write durable records all the time. Slices come in pairs, of which each sort is the first as often as
 * the other; told is the guest's processor time for an exit, and what the daemon itself uses.
 */
final class AuditedGuest {
    private static final int PAIRS = 40;
    private static final int WARM_UP = 3;
    private static final long SLICE_MILLIS = 200;
    /** Above what one domain can have recorded: ten requests, as usual, and five of its floods. */
    private static final int DOMAIN_PER_SECOND = 50;
    /** Above what fifty domains can. */
    private static final int MANY_PER_SECOND = 1000;

    private AuditedGuest() {}

    static void run(PrintStream out, Path scratch, Path idleGuest, Path busyGuest) throws Exception {
        Path folder = Scratch.fresh(scratch, "audited");
        Path policy = new BenchDaemon.Policy(folder)
                .domain("busy", busyGuest, "")
                .domain("left", idleGuest, "")
                .domain("right", idleGuest, "")
                .flow("bell", "left", "right", RevokeBench.EVENT)
                .write();
        try (BenchDaemon daemon = BenchDaemon.start(policy, folder.resolve("state"), Jvm.vmm())) {
            BusyGuest guest = new BusyGuest(daemon.client(), "busy");
            for (int perSecond : new int[] {DOMAIN_PER_SECOND, MANY_PER_SECOND}) {
                pairs(out, daemon, guest, perSecond, perSecond + " durable records a second asked for");
            }
        }
    }

    private static void pairs(PrintStream out, BenchDaemon daemon, BusyGuest guest, int perSecond, String title)
            throws Exception {
        double[] with = new double[PAIRS];
        double[] without = new double[PAIRS];
        double[] wallWith = new double[PAIRS];
        double[] wallWithout = new double[PAIRS];
        double[] daemonShare = new double[PAIRS];
        double[] records = new double[PAIRS];
        for (int pair = -WARM_UP; pair < PAIRS; pair++) {
            int at = Math.max(0, pair);
            BusyGuest.Slice quiet = pair % 2 == 0 ? guest.run(SLICE_MILLIS) : null;
            long cpu = BusyGuest.cpuNanos(daemon.pid());
            long count = daemon.client().auditHead().records();
            long begun = System.nanoTime();
            BusyGuest.Slice audited = beside(daemon, perSecond, guest);
            double seconds = (System.nanoTime() - begun) / 1e9;
            daemonShare[at] = (BusyGuest.cpuNanos(daemon.pid()) - cpu) / 1e7 / seconds;
            records[at] = (daemon.client().auditHead().records() - count) / seconds;
            quiet = quiet == null ? guest.run(SLICE_MILLIS) : quiet;
            with[at] = audited.cpuNanos();
            without[at] = quiet.cpuNanos();
            wallWith[at] = audited.wallNanos();
            wallWithout[at] = quiet.wallNanos();
        }
        out.println(Samples.header("processor time of a busy guest's exit, " + title));
        out.println(new Samples(without).row("no records", "ns"));
        out.println(new Samples(with).row("with records", "ns"));
        out.println(new Samples(records).row("records each second", ""));
        out.println(new Samples(daemonShare).row("the daemon's processor time", "%"));
        out.println(Samples.slowdown("slow-down by processor time", with, without));
        out.println(Samples.slowdown("slow-down by time, with all that runs beside", wallWith, wallWithout));
        out.printf(Locale.ROOT, "%n");
    }

    /** Lets the guest run while an operator asks, again and again, for what is there: each time a record and a force. */
    private static BusyGuest.Slice beside(BenchDaemon daemon, int perSecond, BusyGuest guest) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        try (PolicyDaemonClient operator = daemon.another()) {
            Thread asking = Thread.ofPlatform().start(() -> ask(operator, perSecond, over));
            BusyGuest.Slice slice = guest.run(SLICE_MILLIS);
            over.set(true);
            asking.join();
            return slice;
        }
    }

    private static void ask(PolicyDaemonClient operator, int perSecond, AtomicBoolean over) {
        long start = System.nanoTime();
        try {
            for (long n = 0; !over.get(); n++) {
                operator.open("bell");
                long due = start + (n + 1) * TimeUnit.SECONDS.toNanos(1) / perSecond;
                LockSupport.parkNanos(Math.max(0, due - System.nanoTime()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
