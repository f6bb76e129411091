package dev.cloister.policy.daemon;

import dev.cloister.linux.FaultInjection;
import dev.cloister.policy.audit.AuditVerification;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * One life of a daemon during which one chosen call of the kernel fails: start, channels of five kinds, a request, revoke and open
 * again, stop, end. Runs as a process of its own, many lives in a row, and prints one line for each:
 * {@code call errno k verdict}. Arguments: folder, then {@code call:errno:k}; k counts from 1 among the calls of that number, 0 lets
 * everything through and prints how many there were.
 */
final class FaultRun {
    private static final long PATIENCE_MILLIS = 20_000;
    private static final int EINTR = 4;

    /** What to make fail. */
    record Fault(long call, int errno, int k) {
        static Fault parse(String text) {
            String[] parts = text.split(":");
            return new Fault(Long.parseLong(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
        }
    }

    private final Path directory;
    private final Fault fault;
    private final Map<Long, AtomicInteger> counts = new TreeMap<>();
    private final List<String> wrong = new ArrayList<>();
    private volatile boolean injected;

    private FaultRun(Path directory, Fault fault) {
        this.directory = directory;
        this.fault = fault;
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 1; i < arguments.length; i++) {
            Path directory = Files.createDirectories(Path.of(arguments[0], "run" + i));
            Fault fault = Fault.parse(arguments[i]);
            System.out.println(arguments[i] + " " + new FaultRun(directory, fault).live());
        }
        Runtime.getRuntime().halt(0);
    }

    private String live() throws Exception {
        long before = descriptors();
        long family = ProcessHandle.current().children().count();
        FaultInjection.set(this::decide);
        try {
            scenario();
        } finally {
            FaultInjection.clear();
        }
        if (fault.k() == 0) {
            return "counted " + counts;
        }
        long after = descriptors();
        if (before > 0 && after > before + 1) {
            wrong.add("descriptors: " + before + " before, " + after + " after");
        }
        long children = ProcessHandle.current().children().count() - family;
        if (children > 0) {
            wrong.add(children + " processes left");
        }
        verify();
        return wrong.isEmpty() ? injected ? "ok" : "unreached" : "WRONG " + String.join("; ", wrong);
    }

    /** Only the daemon's threads fail: the test's own drives it. */
    private synchronized int decide(long number, long a0, long a1) {
        if (Thread.currentThread().getName().equals("main")) {
            return 0;
        }
        int count = counts.computeIfAbsent(number, _ -> new AtomicInteger()).incrementAndGet();
        if (number == fault.call() && count == fault.k()) {
            injected = true;
            return fault.errno();
        }
        return 0;
    }

    private void scenario() throws Exception {
        DaemonFixture fixture = new DaemonFixture(directory)
                .domain("from", "low", "ask:to:event:out")
                .domain("to", "low", "")
                .domain("other", "low", "")
                .flow("m", "from", "to", "memory", ", \"recordBytes\": 256, \"records\": 64")
                .flow("e", "from", "to", "event", "")
                .flow("s", "from", "to", "stream", ", \"backChannel\": {\"bitsPerSecond\": 100}")
                .flow("d", "from", "to", "datagram", ", \"backChannel\": {\"bitsPerSecond\": 100}")
                .flow("l", "from", "to", "log", "")
                .flow("w", "from", "to", "wire", "")
                .flow("v", "to", "from", "wire", "");
        PolicyDaemon[] daemon = new PolicyDaemon[1];
        DaemonOptions options = fixture.options(Duration.ofSeconds(3));
        if (!opened(daemon, options)) {
            return;
        }
        DaemonFixture.Running running = new DaemonFixture.Running(daemon[0], options);
        Thread driver = Thread.ofPlatform().name("driver").start(() -> drive(running));
        driver.join(PATIENCE_MILLIS);
        if (driver.isAlive()) {
            wrong.add("the daemon doesn't answer: " + stack(driver));
        }
        Thread closing = Thread.ofPlatform().name("closing").start(() -> close(running));
        closing.join(PATIENCE_MILLIS);
        if (closing.isAlive()) {
            wrong.add("the daemon doesn't end: " + stack(closing));
        }
    }

    /** Opening may be refused, by a message that names call and error; then nothing is left of it. */
    private boolean opened(PolicyDaemon[] daemon, DaemonOptions options) throws InterruptedException {
        Thread opening = Thread.ofPlatform().name("opening").start(() -> {
            try {
                daemon[0] = PolicyDaemon.open(options);
            } catch (Exception e) {
                named(e);
            }
        });
        opening.join(PATIENCE_MILLIS);
        if (opening.isAlive()) {
            wrong.add("opening doesn't end: " + stack(opening));
        }
        return daemon[0] != null;
    }

    private void named(Exception e) {
        boolean names = String.valueOf(e.getMessage()).matches("(?s).*[a-z_0-9]+\\(.*\\) failed: E[A-Z]+.*");
        if (fault.k() == 0 || !names || fault.errno() == EINTR) {
            wrong.add("refused without naming the call, or needlessly: " + e);
        }
    }

    private void drive(DaemonFixture.Running running) {
        try (PolicyDaemonClient client = running.client()) {
            Snapshot up = running.await(FaultRun::settled);
            long failed = up.domains().stream()
                    .filter(d -> !d.state().equals("running"))
                    .count();
            if (failed > 1) {
                wrong.add(failed + " domains don't run: " + up.domains());
            }
            for (String flow : List.of("m", "e", "s", "d", "l")) {
                tolerated(() -> client.revoke(flow));
                tolerated(() -> client.open(flow));
            }
            tolerated(() -> client.stop("to"));
            Snapshot late = client.ps();
            if (!DaemonFixture.domain(late, "other").state().equals("running") && failed == 0 && !blamed(running)) {
                wrong.add("the bystander ended: " + DaemonFixture.domain(late, "other"));
            }
            client.auditHead();
        } catch (IOException | RuntimeException e) {
            wrong.add("the daemon's client saw " + e);
        }
    }

    /** Whether the bystander's own object was the one whose call failed. */
    private boolean blamed(DaemonFixture.Running running) throws IOException {
        return running.audit().lines().anyMatch(l -> l.contains("\"domain\":\"other\"") && l.contains("failed: E"));
    }

    private static boolean settled(Snapshot s) {
        return s.domains().stream().noneMatch(d -> List.of("starting", "ready").contains(d.state()))
                && s.flows().stream().noneMatch(f -> f.state().equals("opening"));
    }

    private interface Command {
        void run() throws IOException;
    }

    /** A command may be refused; the daemon must answer. */
    private static void tolerated(Command command) throws IOException {
        try {
            command.run();
        } catch (PolicyDaemonClient.RefusedException e) {
            if (String.valueOf(e.getMessage()).isBlank()) {
                throw e;
            }
        }
    }

    private void close(DaemonFixture.Running running) {
        try {
            running.close();
            PolicyDaemon.Outcome outcome = running.awaitEnd();
            if (outcome.auditFailed()) {
                wrong.add("the audit log failed");
            }
        } catch (Exception e) {
            wrong.add("the daemon died: " + e);
        }
    }

    private void verify() throws IOException {
        Path log = directory.resolve("state").resolve("audit.log");
        if (Files.exists(log)) {
            AuditVerification verified = AuditVerifier.verify(log, Optional.empty());
            if (!verified.whole()) {
                wrong.add("audit log: " + verified.fault());
            }
        }
    }

    private static String stack(Thread thread) {
        return List.of(thread.getStackTrace()).stream().limit(6).toList().toString();
    }

    /** Descriptors of anonymous objects: files that the JVM itself opens (jars, /proc) come and go. */
    private static long descriptors() throws IOException, InterruptedException {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long found = 0;
            try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
                for (Path link : links.toList()) {
                    found += anonymous(link) ? 1 : 0;
                }
            }
            best = Math.min(best, found);
            TimeUnit.MILLISECONDS.timedJoin(Thread.ofVirtual().start(() -> {}), 1);
        }
        return best;
    }

    private static boolean anonymous(Path link) {
        try {
            return Files.readSymbolicLink(link)
                    .toString()
                    .matches("(anon_inode|pipe|socket):.*|/memfd:.*|/dev/(null|kvm)");
        } catch (IOException e) {
            return false;
        }
    }
}
