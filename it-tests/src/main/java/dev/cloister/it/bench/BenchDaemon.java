package dev.cloister.it.bench;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A policy daemon in a process of its own, as {@code cloister up} starts it, and a client of it. */
public final class BenchDaemon implements AutoCloseable {
    private static final int WATCH_MILLIS = 50;
    private static final long PATIENCE_SECONDS = 30;

    private final Process process;
    private final Path socket;
    private final PolicyDaemonClient client;

    private BenchDaemon(Process process, Path socket, PolicyDaemonClient client) {
        this.process = process;
        this.socket = socket;
        this.client = client;
    }

    /** A policy in the making: one label for all. */
    public static final class Policy {
        private final Path folder;
        private final List<String> domains = new ArrayList<>();
        private final List<String> flows = new ArrayList<>();
        private String extra = "";

        /**
         * An empty one.
         *
         * @param folder where it will be written, beside its images
         */
        public Policy(Path folder) {
            this.folder = folder;
        }

        /**
         * Adds a domain.
         *
         * @param name its name
         * @param image a file in the folder
         * @param commandLine of its kernel
         * @return this policy
         * @throws IOException if the image can't be read
         */
        public Policy domain(String name, Path image, String commandLine) throws IOException {
            domains.add("""
                {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "8M",
                 "image": {"kernel": {"path": "%s", "sha256": "%s"}, "cmdline": "%s"}}\
                """.formatted(domains.size() + 1, name, image.toAbsolutePath(), sha256(image), commandLine));
            return this;
        }

        /**
         * Adds a flow.
         *
         * @param name its name
         * @param from the sender
         * @param to the receiver
         * @param rest its kind and whatever else it has, as JSON members
         * @return this policy
         */
        public Policy flow(String name, String from, String to, String rest) {
            flows.add("{\"name\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", %s}".formatted(name, from, to, rest));
            return this;
        }

        /**
         * Adds members at the top.
         *
         * @param members JSON, each with a comma in front
         * @return this policy
         */
        public Policy with(String members) {
            extra += members;
            return this;
        }

        /**
         * Writes it.
         *
         * @return the file
         * @throws IOException if it can't be written
         */
        public Path write() throws IOException {
            return Files.writeString(folder.resolve("bench.json"), """
                {"version": 1, "name": "bench", "lattice": {"levels": ["public"]}, "domains": [%s],
                 "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
                 "flows": [%s]%s}
                """.formatted(
                            String.join(",\n", domains), String.join(",\n", flows), extra));
        }

        private static String sha256(Path file) throws IOException {
            try {
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has SHA-256", e);
            }
        }
    }

    /**
     * Starts the daemon and waits until its domains run.
     *
     * @param policy the policy's file
     * @param state a folder that is not there yet
     * @param vmm the VMM's command line
     * @param options further options of the daemon
     * @return the daemon
     * @throws IOException if it does not start
     */
    public static BenchDaemon start(Path policy, Path state, List<String> vmm, String... options) throws IOException {
        List<String> command = new ArrayList<>(Jvm.product(
                List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"), "dev.cloister.policy.daemon.PolicyDaemonMain"));
        command.addAll(List.of("--policy", policy.toString(), "--state", state.toString()));
        command.addAll(List.of(options));
        command.add("--");
        command.addAll(vmm);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            BufferedReader out =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            String ready = out.readLine();
            if (ready == null || !ready.startsWith("ready ")) {
                throw new IOException("the daemon did not start: " + ready);
            }
            Path socket = Path.of(ready.substring("ready ".length()));
            BenchDaemon daemon = new BenchDaemon(process, socket, PolicyDaemonClient.connect(socket));
            daemon.awaitRunning();
            return daemon;
        } catch (IOException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private void awaitRunning() throws IOException {
        Snapshot[] last = new Snapshot[1];
        try (PolicyDaemonClient watcher = another()) {
            watcher.watch(WATCH_MILLIS, snapshot -> {
                last[0] = snapshot;
                return snapshot.domains().stream()
                        .anyMatch(d -> List.of("starting", "ready").contains(d.state()));
            });
        }
        for (Snapshot.DomainView domain : last[0].domains()) {
            if (!domain.state().equals("running")) {
                throw new IOException(domain.name() + " is " + domain.state() + ": " + domain.note());
            }
        }
    }

    /**
     * Returns its client, which is for one thread at a time.
     *
     * @return the client
     */
    public PolicyDaemonClient client() {
        return client;
    }

    /**
     * Connects once more.
     *
     * @return another client
     * @throws IOException if the daemon is gone
     */
    public PolicyDaemonClient another() throws IOException {
        return PolicyDaemonClient.connect(socket);
    }

    /**
     * Returns its process id.
     *
     * @return the number
     */
    public long pid() {
        return process.pid();
    }

    /** Ends all domains and the daemon. */
    @Override
    public void close() throws IOException {
        client.close();
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
