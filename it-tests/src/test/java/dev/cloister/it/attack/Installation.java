package dev.cloister.it.attack;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A live installation under load: daemon under its keeper, {@code source} writing to {@code sink} and {@code far} over channels of every
 * kind as fast as its 2 ms allow, one of them with a quota far below that. For one thread.
 */
final class Installation implements AutoCloseable {
    /** Bytes of {@code talk} in each period. */
    static final long QUOTA = 4096;
    /** The quota's period in seconds. */
    static final long PERIOD_SECONDS = 10;

    static final List<String> DOMAINS = List.of("source", "sink", "far");
    static final List<String> FLOWS = List.of("data", "aux", "alarm", "talk");
    /** What the keeper allows, and a second for its clock and ours. */
    static final long KEEPER_SPAN_NANOS = 11_000_000_000L;

    /** Far above what a busy machine takes, whose processes start in tens of seconds: it only ends what has got stuck. */
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(4);

    private static final int INTERVAL_MILLIS = 50;
    private static final Pattern TOLD = Pattern.compile("sink: life (\\d+) has (\\d+) bytes");
    private static final int TOLD_AT_MOST = 3000;
    private static final String NAME = "campaign";

    private final Cloister cloister;
    private final Up up;
    private final long began = System.nanoTime();

    private Installation(Cloister cloister, Up up) {
        this.cloister = cloister;
        this.up = up;
    }

    /** Starts one. */
    static Installation start(String onDaemonLoss) throws IOException, InterruptedException {
        Cloister cloister = Cloister.fresh();
        Path policy = policy(cloister.folder(), onDaemonLoss);
        return new Installation(cloister, Up.start(cloister, policy));
    }

    private static Path policy(Path folder, String onDaemonLoss) throws IOException {
        StringBuilder domains = new StringBuilder();
        for (String name : DOMAINS) {
            Path image = Guests.assemble(folder, "campaign-" + name);
            domains.append(domains.isEmpty() ? "" : ",\n").append("""
                {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "8M",
                 "image": {"kernel": {"path": "%s", "sha256": "%s"}},
                 "restart": {"when": "always", "attempts": 1000, "within": "1m", "delay": "0s"}}\
                """.formatted(
                            DOMAINS.indexOf(name) + 1, name, folder.relativize(image), PolicyFile.sha256(image)));
        }
        return Files.writeString(
                folder.resolve(NAME + ".json"), """
                    {"version": 1, "name": "%s", "lattice": {"levels": ["public"]},
                     "domains": [
                    %s],
                     "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
                     "audit": {"onFull": "halt", "rotate": {"bytes": "1M", "keep": 16}},
                     "flows": [
                    {"name": "data", "from": "source", "to": "sink", "kind": "memory", "recordBytes": 64, "records": 64},
                    {"name": "aux", "from": "source", "to": "far", "kind": "memory", "recordBytes": 64, "records": 64},
                    {"name": "alarm", "from": "source", "to": "far", "kind": "event", "rate": {"perSecond": 1000, "burst": 1000}},
                    {"name": "talk", "from": "source", "to": "sink", "kind": "stream", "capacity": "4K",
                     "quota": {"bytes": "%d", "per": "%ds"}, "backChannel": {"bitsPerSecond": 100}},
                    {"name": "sink-console", "from": "sink", "to": "@console", "kind": "console"}],
                     "onDaemonLoss": "%s"}
                    """.formatted(NAME, domains, QUOTA, PERIOD_SECONDS, onDaemonLoss));
    }

    /** The daemon's socket. */
    Path socket() {
        return up.socket();
    }

    /** The log. */
    Path auditLog() {
        return cloister.auditLog(NAME);
    }

    /** The keeper: the command itself. */
    ProcessHandle keeper() {
        return up.command().handle();
    }

    /** What the command said, for a failure. */
    String said() {
        return "--- stdout\n" + tail(up.command().out()) + "\n--- stderr\n"
                + tail(up.command().err());
    }

    private static String tail(String text) {
        String telling = TOLD.matcher(text).replaceAll("").replaceAll("(?m)^[a-z]* *\\| *\n", "");
        return telling.substring(Math.max(0, telling.length() - TOLD_AT_MOST));
    }

    /** Connects to the daemon, however often it is started anew meanwhile. */
    PolicyDaemonClient connect() throws IOException, InterruptedException {
        long until = System.nanoTime() + PATIENCE_NANOS;
        try (WatchService watch = up.socket().getFileSystem().newWatchService()) {
            up.socket().getParent().register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            while (true) {
                try {
                    return PolicyDaemonClient.connect(up.socket());
                } catch (IOException e) {
                    if (System.nanoTime() > until || !keeper().isAlive()) {
                        throw new IOException("no daemon comes back", e);
                    }
                    // A socket appears a moment before it listens, so one event more may be needed than comes.
                    WatchKey key = watch.poll(INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
                    if (key != null) {
                        key.pollEvents();
                        key.reset();
                    }
                }
            }
        }
    }

    /** Awaits a state, however often the daemon is lost meanwhile. */
    Snapshot until(Predicate<Snapshot> condition, String what) throws IOException, InterruptedException {
        long until = System.nanoTime() + PATIENCE_NANOS;
        Snapshot[] last = new Snapshot[1];
        boolean[] met = new boolean[1];
        while (!met[0] && System.nanoTime() < until) {
            try (PolicyDaemonClient client = connect()) {
                client.watch(INTERVAL_MILLIS, s -> {
                    last[0] = s;
                    met[0] = condition.test(s);
                    return !met[0] && System.nanoTime() < until;
                });
            } catch (IOException e) {
                if (!keeper().isAlive()) {
                    throw new AssertionError("the keeper is gone before: " + what + "\n" + said(), e);
                }
            }
        }
        if (!met[0]) {
            throw new AssertionError("in vain awaited: " + what + "\n" + last[0] + "\n" + said());
        }
        return last[0];
    }

    /** Whether every guest runs and every channel passes, but for the one that its quota closes time and again. */
    static boolean live(Snapshot s) {
        return s.domains().stream().allMatch(d -> d.state().equals("running"))
                && s.flows().stream()
                        .filter(f -> !f.name().equals("talk"))
                        .allMatch(f -> f.state().equals("live"));
    }

    /** Whether the channel with the quota passes. */
    static boolean talks(Snapshot s) {
        return s.flows().stream()
                .anyMatch(f -> f.name().equals("talk") && f.state().equals("live"));
    }

    /** Units that have passed, by flow. */
    static Map<String, Long> units(Snapshot s) {
        Map<String, Long> units = new HashMap<>();
        s.flows().forEach(f -> units.put(f.name(), f.units()));
        return units;
    }

    /** Bytes of {@code talk} that the receiving guest has said to have had, over all its lives: never more than it had. */
    long received() {
        Map<String, Long> most = new HashMap<>();
        Matcher told = TOLD.matcher(up.command().out());
        while (told.find()) {
            most.merge(told.group(1), Long.parseLong(told.group(2)), Math::max);
        }
        return most.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Most bytes that the quota lets pass since the start. */
    long allowed() {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
        // Two more: the period that has begun, and the one that began before we looked at the clock.
        return QUOTA * (seconds / PERIOD_SECONDS + 2);
    }

    /** Ends it in order. */
    void shutdown() throws IOException, InterruptedException {
        up.shutdown();
    }

    @Override
    public void close() throws InterruptedException {
        for (String role : List.of("vmm", "daemon")) {
            Census.processes(role).forEach(pid -> ProcessHandle.of(pid).ifPresent(up.command()::adopt));
        }
        up.close();
    }
}
