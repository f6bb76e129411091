package dev.cloister.it.bench;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A domain of a real daemon whose guest takes exits without end, made to run for a slice of time and then to stand. What one exit
 * costs is told by the processor time of its VMM's threads, user and system, so that other work on the machine disturbs little.
 */
final class BusyGuest {
    private final PolicyDaemonClient client;
    private final String domain;

    /**
     * One slice.
     *
     * @param cpuNanos processor time for each exit
     * @param wallNanos time for each exit
     */
    record Slice(double cpuNanos, double wallNanos) {}

    private record State(long exits, long cpuNanos) {}

    /** Pauses a domain that runs. */
    BusyGuest(PolicyDaemonClient client, String domain) throws IOException {
        this.client = client;
        this.domain = domain;
        client.pause(domain);
    }

    /** Lets it run for so long. */
    Slice run(long millis) throws IOException, InterruptedException {
        State before = state();
        long begun = System.nanoTime();
        client.resume(domain);
        Thread.sleep(millis);
        client.pause(domain);
        long took = System.nanoTime() - begun;
        State after = state();
        long exits = after.exits() - before.exits();
        if (exits == 0) {
            throw new IOException(domain + " took no exit in " + millis + " ms");
        }
        return new Slice((double) (after.cpuNanos() - before.cpuNanos()) / exits, (double) took / exits);
    }

    /** Asked while it stands: its VMM has told its counters when it came to stand. */
    private State state() throws IOException {
        for (Snapshot.DomainView view : client.ps().domains()) {
            if (view.name().equals(domain)) {
                return new State(view.exits(), cpuNanos(view.pid()));
            }
        }
        throw new IOException("no domain " + domain);
    }

    /** Processor time of a process' threads, from the scheduler's own count (proc(5), schedstat). */
    static long cpuNanos(long pid) throws IOException {
        long sum = 0;
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads.toList()) {
                List<String> lines = Files.readAllLines(thread.resolve("schedstat"));
                sum += Long.parseLong(lines.getFirst().split(" ")[0]);
            }
        }
        return sum;
    }
}
