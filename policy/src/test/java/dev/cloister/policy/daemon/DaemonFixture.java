package dev.cloister.policy.daemon;

import com.fasterxml.jackson.core.JsonFactory;
import dev.cloister.linux.Fd;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.confinement.Surround;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;

/** Writes policies for {@link FakeVmm} and runs daemons on them. */
public final class DaemonFixture {
    /** More than any state takes to come about, on any machine. */
    private static final long MOST_NANOS = 180_000_000_000L;

    private final Path directory;
    private final List<String> domains = new ArrayList<>();
    private final List<String> flows = new ArrayList<>();
    private String rest = "";
    private String host = "";

    /** A policy without domains yet, in a directory. */
    public DaemonFixture(Path directory) {
        this.directory = directory;
    }

    /** Adds a domain that behaves as the words say. */
    public DaemonFixture domain(String name, String level, String behaviour) throws IOException {
        return domain(name, level, behaviour, "");
    }

    /** Adds a domain with further members, each with a comma in front; 1 MiB of memory unless one says otherwise. */
    DaemonFixture domain(String name, String level, String behaviour, String more) throws IOException {
        byte[] image = ("image of " + name).getBytes(StandardCharsets.US_ASCII);
        Path file = directory.resolve(name + ".elf");
        // Once: a daemon that is at it may measure it just then.
        if (Files.notExists(file)) {
            Files.write(file, image);
        }
        UUID id = UUID.nameUUIDFromBytes(image);
        String memory = more.contains("\"memory\"") ? "" : " \"memory\": \"1M\",";
        domains.add("""
            {"id": "%s", "name": "%s", "label": {"level": "%s"},%s
             "image": {"kernel": {"path": "%s.elf", "sha256": "%s"}, "cmdline": "%s"}%s}\
            """.formatted(id, name, level, memory, name, sha256(image), behaviour, more));
        flow("tty-" + name, name, "@console", "console", "");
        return this;
    }

    /** A member of a domain: it is restarted whenever it ends, nine times in two hours, after a pause such as {@code 3s}. */
    static String restartAfter(String delay) {
        return ", \"restart\": {\"when\": \"always\", \"attempts\": 9, \"within\": \"2h\", \"delay\": \"" + delay
                + "\"}";
    }

    public DaemonFixture flow(String name, String from, String to, String kind, String more) {
        flows.add("""
            {"name": "%s", "from": "%s", "to": "%s", "kind": "%s"%s}\
            """.formatted(name, from, to, kind, more));
        return this;
    }

    DaemonFixture memory(String name, String from, String to) {
        return flow(name, from, to, "memory", ", \"recordBytes\": 256, \"records\": 64");
    }

    /** Adds members to the host's, each with a comma in front. */
    public DaemonFixture host(String members) {
        host = members;
        return this;
    }

    DaemonFixture more(String members) {
        rest = members;
        return this;
    }

    public DaemonOptions options(Duration timeout) throws IOException {
        Path policy = directory.resolve("policy.json");
        Files.writeString(policy, """
            {"version": 1, "name": "test", "lattice": {"levels": ["low", "high"], "compartments": []},
             "host": {"audit": {"label": {"level": "high"}}, "console": {"label": {"level": "high"}}%s},
             "domains": [%s], "flows": [%s]%s}
            """.formatted(host, String.join(",\n", domains), String.join(",\n", flows), rest));
        return new DaemonOptions(
                directory.resolve("state"),
                new DaemonOptions.PolicySource(policy),
                new DaemonOptions.Vmm(vmmCommand(), Path.of("/dev/null"), Engine.AUTO, Surround.NONE, timeout),
                false,
                Optional.empty());
    }

    /** A daemon in this process, on a thread of its own. */
    static final class Running implements AutoCloseable {
        private final PolicyDaemon daemon;
        private final DaemonOptions options;
        private final CompletableFuture<PolicyDaemon.Outcome> outcome = new CompletableFuture<>();

        Running(PolicyDaemon daemon, DaemonOptions options) {
            this.daemon = daemon;
            this.options = options;
            Thread.ofPlatform().start(() -> {
                try {
                    outcome.complete(daemon.run());
                } catch (IOException | RuntimeException | Error e) {
                    outcome.completeExceptionally(e);
                }
            });
        }

        PolicyDaemonClient client() throws IOException {
            return PolicyDaemonClient.connect(options.controlSocket());
        }

        DaemonOptions options() {
            return options;
        }

        /** Returns the audit log as it stands. */
        String audit() throws IOException {
            return Files.readString(options.auditLog());
        }

        /** Waits until the state is as asked for and returns it; tells how it is where that doesn't come about. */
        Snapshot await(Predicate<Snapshot> reached) throws IOException {
            Snapshot[] last = new Snapshot[1];
            long until = System.nanoTime() + MOST_NANOS;
            try (PolicyDaemonClient client = client()) {
                client.watch(50, snapshot -> {
                    last[0] = snapshot;
                    return !reached.test(snapshot) && System.nanoTime() - until < 0;
                });
            }
            if (System.nanoTime() - until >= 0 && !reached.test(last[0])) {
                String log = Files.exists(options.auditLog()) ? audit() : "no log on disk";
                throw new AssertionError("not reached: " + last[0] + "\n" + log);
            }
            return last[0];
        }

        /** Waits until a domain's serial line holds a text and returns the line so far. */
        String awaitSerial(String domain, String text) throws IOException {
            StringBuilder seen = new StringBuilder();
            try (PolicyDaemonClient client = client();
                    PolicyDaemonClient.Console console = client.watchConsole(domain)) {
                InputStream output = console.output();
                byte[] chunk = new byte[1024];
                for (int n = output.read(chunk); n >= 0; n = output.read(chunk)) {
                    seen.append(new String(chunk, 0, n, StandardCharsets.US_ASCII));
                    if (seen.indexOf(text) >= 0) {
                        return seen.toString();
                    }
                }
            }
            throw new AssertionError("serial line of " + domain + " ended without \"" + text + "\": " + seen);
        }

        PolicyDaemon.Outcome awaitEnd() {
            return outcome.join();
        }

        @Override
        public void close() throws IOException {
            daemon.requestShutdown();
            outcome.handle((ended, failed) -> failed).join();
            daemon.close();
        }
    }

    Running start(Duration timeout) throws Exception {
        DaemonOptions options = options(timeout);
        return new Running(PolicyDaemon.open(options), options);
    }

    Running start() throws Exception {
        return start(Duration.ofSeconds(30));
    }

    static Snapshot.DomainView domain(Snapshot snapshot, String name) {
        return snapshot.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    static Snapshot.FlowView flow(Snapshot snapshot, String name) {
        return snapshot.flows().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    static boolean all(Snapshot snapshot, String state, String... names) {
        return Stream.of(names).allMatch(name -> domain(snapshot, name).state().equals(state));
    }

    static List<String> java(String mainClass) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(),
                mainClass));
        return command;
    }

    private static List<String> vmmCommand() {
        return java(FakeVmm.class.getName());
    }

    /** The tests run on a module path, the processes they start on a class path made of the same places. */
    private static String classPath() {
        Set<String> places = new LinkedHashSet<>();
        places.add(Path.of("target", "classes").toAbsolutePath().toString());
        places.add(Path.of("target", "test-classes").toAbsolutePath().toString());
        for (Class<?> each : List.of(FakeVmm.class, Fd.class, VmmCodec.class, JsonFactory.class, Logger.class)) {
            try {
                places.add(Path.of(each.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI())
                        .toString());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
        return String.join(":", places);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
