package dev.cloister.it.harness;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** A running {@code cloister up}, with its daemon's control socket. Closing it leaves no process behind. */
public final class Up implements AutoCloseable {
    private static final int INTERVAL_MILLIS = 50;

    private final Running running;
    private final Path socket;

    private Up(Running running, Path socket) {
        this.running = running;
        this.socket = socket;
    }

    /** Starts a policy whose name is its file's and returns when all its domains have left the states before running. */
    public static Up start(Cloister cloister, Path policy, String... options) throws IOException, InterruptedException {
        return named(cloister, policy.getFileName().toString().replace(".json", ""), policy, options);
    }

    /** Starts a policy of another name than its file's; as {@link #start}. */
    public static Up named(Cloister cloister, String name, Path policy, String... options)
            throws IOException, InterruptedException {
        List<String> args = new ArrayList<>(List.of("up", policy.toString()));
        args.addAll(List.of(options));
        Running running = cloister.start(args.toArray(String[]::new));
        Up up = new Up(running, cloister.state().resolve(name).resolve("control.sock"));
        running.awaitOut(out -> out.contains("* "), "state of a domain on stdout");
        try {
            Snapshot snapshot = up.until(
                    s -> s.domains().stream()
                            .noneMatch(d -> List.of("starting", "ready").contains(d.state())),
                    "domains that run");
            snapshot.domains().stream()
                    .map(Snapshot.DomainView::pid)
                    .filter(pid -> pid > 0)
                    .forEach(pid -> ProcessHandle.of(pid).ifPresent(running::adopt));
            ProcessHandle.of(snapshot.pid()).ifPresent(running::adopt);
        } catch (AssertionError e) {
            up.close();
            throw e;
        }
        return up;
    }

    /** The command itself. */
    public Running command() {
        return running;
    }

    /** The daemon's socket. */
    public Path socket() {
        return socket;
    }

    /** The state now. */
    public Snapshot now() throws IOException {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
            return client.ps();
        }
    }

    /** A domain now. */
    public Snapshot.DomainView domain(String name) throws IOException {
        return domain(now(), name);
    }

    /** A domain of a snapshot. */
    public static Snapshot.DomainView domain(Snapshot snapshot, String name) {
        return snapshot.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no domain " + name));
    }

    /** A flow of a snapshot. */
    public static Snapshot.FlowView flow(Snapshot snapshot, String name) {
        return snapshot.flows().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no flow " + name));
    }

    /** The VMM process of a domain. */
    public ProcessHandle vmm(String name) throws IOException {
        return ProcessHandle.of(domain(name).pid()).orElseThrow(() -> new AssertionError("no VMM process of " + name));
    }

    /** The daemon's process. */
    public ProcessHandle daemon() throws IOException {
        return ProcessHandle.of(now().pid()).orElseThrow(() -> new AssertionError("no daemon process"));
    }

    /** Watches the daemon until its state satisfies a condition. */
    public Snapshot until(Predicate<Snapshot> condition, String what) throws IOException, InterruptedException {
        AtomicReference<Snapshot> last = new AtomicReference<>();
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
            CompletableFuture<Boolean> met = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> watch(client, condition, last, met));
            if (!met.get(Running.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failure("the daemon ended before: " + what, last.get());
            }
            return last.get();
        } catch (TimeoutException e) {
            throw failure("in vain awaited: " + what, last.get());
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** As {@link #until}, after a daemon was killed: also waits for the next to listen. */
    public Snapshot again(Predicate<Snapshot> condition, String what) throws IOException, InterruptedException {
        long end = System.nanoTime() + Running.PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            try {
                return until(condition, what);
            } catch (IOException e) {
                // The next daemon does not listen yet.
                Thread.onSpinWait();
            }
        }
        throw failure("no daemon came back: " + what, null);
    }

    private AssertionError failure(String what, Snapshot last) {
        return new AssertionError(what + "\n--- last state\n" + last + "\n--- stdout\n" + running.out()
                + "\n--- stderr\n" + running.err());
    }

    private static void watch(
            PolicyDaemonClient client,
            Predicate<Snapshot> condition,
            AtomicReference<Snapshot> last,
            CompletableFuture<Boolean> met) {
        try {
            client.watch(INTERVAL_MILLIS, snapshot -> {
                last.set(snapshot);
                return !condition.test(snapshot) || !met.complete(true);
            });
            met.complete(false);
        } catch (IOException e) {
            met.completeExceptionally(e);
        }
    }

    /** Asks the daemon to end everything and awaits the command's end. */
    public Finished shutdown() throws IOException, InterruptedException {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
            client.shutdown();
        }
        return running.await();
    }

    @Override
    public void close() throws InterruptedException {
        running.close();
    }
}
