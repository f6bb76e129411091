package dev.cloister.cli.up;

import dev.cloister.cli.terminal.Terminal;
import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Prints what the domains write to their serial lines, line by line, each behind its domain's name. */
final class ConsoleLines implements AutoCloseable {
    private static final int LONGEST_LINE = 200;
    private static final int BUFFER = 4096;

    private final LiveScreen screen;
    private final Set<PolicyDaemonClient> clients = ConcurrentHashMap.newKeySet();
    private final Map<String, Thread> threads = new HashMap<>();
    private final Set<String> failing = new HashSet<>();
    private final FollowedRuns runs = new FollowedRuns();

    ConsoleLines(LiveScreen screen) {
        this.screen = screen;
    }

    /**
     * Follows one domain's serial line with a thread of its own, until the domain ends; each run once. Asked again, it tries again where
     * it failed, and says so once.
     *
     * @param pid the domain's process, 0 if that isn't known yet
     */
    void follow(Path socket, String domain, long pid) {
        Thread known = threads.get(domain);
        if (known != null && known.isAlive() || !runs.mayHaveAnother(domain, pid)) {
            return;
        }
        try {
            PolicyDaemonClient client = PolicyDaemonClient.connect(socket);
            clients.add(client);
            pump(client, domain, pid);
            failing.remove(domain);
        } catch (IOException e) {
            if (failing.add(domain)) {
                screen.line("cloister: no console of " + domain + ": " + e.getMessage());
            }
        }
    }

    private void pump(PolicyDaemonClient client, String domain, long pid) throws IOException {
        try {
            PolicyDaemonClient.Console console = client.watchConsole(domain);
            if (runs.take(domain, pid, console.run())) {
                threads.put(
                        domain,
                        Thread.ofPlatform()
                                .daemon()
                                .name("console-" + domain)
                                .start(() -> pump(client, console, domain)));
            } else {
                forget(client);
            }
        } catch (IOException e) {
            forget(client);
            throw e;
        }
    }

    /** From now on another daemon is asked. */
    void otherDaemon() {
        runs.forget();
    }

    /** Waits until every followed domain has said its last line. */
    void await() throws InterruptedException {
        for (Thread thread : threads.values()) {
            thread.join();
        }
    }

    @Override
    public void close() throws IOException {
        for (PolicyDaemonClient client : clients) {
            client.close();
        }
    }

    private void pump(PolicyDaemonClient client, PolicyDaemonClient.Console console, String domain) {
        StringBuilder line = new StringBuilder();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = console.output()) {
            for (int count = in.read(buffer, 0, BUFFER); count >= 0; count = in.read(buffer, 0, BUFFER)) {
                append(line, new String(Terminal.printable(buffer, count), StandardCharsets.UTF_8), domain);
            }
        } catch (IOException e) {
            // The daemon closed the line; what was said is printed below.
            line.append("");
        }
        forget(client);
        flush(line, domain);
    }

    /** A domain that begins another run is followed by another client. */
    private void forget(PolicyDaemonClient client) {
        clients.remove(client);
        try {
            client.close();
        } catch (IOException e) {
            screen.line("cloister: closing a console: " + e.getMessage());
        }
    }

    private void append(StringBuilder line, String text, String domain) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || line.length() >= LONGEST_LINE) {
                flush(line, domain);
            }
            if (c != '\n' && c != '\r') {
                line.append(c);
            }
        }
    }

    private void flush(StringBuilder line, String domain) {
        if (!line.isEmpty()) {
            screen.line(String.format("%-10s| %s", domain, line));
            line.setLength(0);
        }
    }
}
