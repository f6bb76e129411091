package dev.cloister.it.attack;

import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The lines of one run of a domain's console, as they come. Thread-safe. */
final class Lines implements AutoCloseable {
    private static final int MOST = 20_000;

    private final PolicyDaemonClient client;
    private final PolicyDaemonClient.Console console;
    private final List<String> lines = new ArrayList<>();
    private int first;
    private boolean ended;

    private Lines(PolicyDaemonClient client, PolicyDaemonClient.Console console) {
        this.client = client;
        this.console = console;
        Thread.ofPlatform().daemon().name("lines").start(this::pump);
    }

    /** Follows a domain's console. */
    static Lines of(Path socket, String domain) throws IOException {
        PolicyDaemonClient client = PolicyDaemonClient.connect(socket);
        return new Lines(client, client.console(domain));
    }

    private void pump() {
        StringBuilder line = new StringBuilder();
        byte[] chunk = new byte[8192];
        try (InputStream in = console.output()) {
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                for (String part : new String(chunk, 0, n, StandardCharsets.ISO_8859_1).split("(?<=\n)")) {
                    line.append(part);
                    if (part.endsWith("\n")) {
                        add(line.toString().strip());
                        line.setLength(0);
                    }
                }
            }
        } catch (IOException e) {
            add("console: " + e.getMessage());
        }
        end();
    }

    private synchronized void add(String line) {
        if (lines.size() >= MOST) {
            // A flood: what matters comes last.
            lines.subList(0, MOST / 2).clear();
            first = Math.max(0, first - MOST / 2);
        }
        lines.add(line);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** Types a line. */
    void type(String line) throws IOException {
        console.input().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** Forgets what came up to that line, once it has come; returns whether it has. */
    synchronized boolean begin(String line, long millis) throws InterruptedException {
        boolean there = await(line::equals, millis).isPresent();
        first = lines.lastIndexOf(line) + 1;
        return there;
    }

    /** Waits for a line; empty if the run or the time ends before. */
    synchronized Optional<String> await(Predicate<String> wanted, long millis) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (true) {
            Optional<String> found =
                    lines.subList(first, lines.size()).stream().filter(wanted).findFirst();
            long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (found.isPresent() || ended || left <= 0) {
                return found;
            }
            wait(left);
        }
    }

    /** What came so far. */
    synchronized List<String> all() {
        return List.copyOf(lines.subList(first, lines.size()));
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
