package dev.cloister.it.attack;

import dev.cloister.it.harness.PolicyFile;
import dev.cloister.linux.Linux;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.confinement.Surround;
import dev.cloister.policy.daemon.DaemonOptions;
import dev.cloister.policy.daemon.PolicyDaemon;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.sandbox.Sandbox;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A daemon with two honest VMMs at work and one that is the attacker's, which can be started again. */
final class Scene implements AutoCloseable {
    /** The attacker's flows. */
    static final List<String> ROGUE_FLOWS = List.of("tap", "r-memory", "r-bell", "r-pour", "r-mail");
    /** Signals a second that the attacker's doorbell may make. */
    static final long BELL_RATE = 100;

    private final DaemonOptions options;
    private final PolicyDaemon daemon;
    private final Thread thread;
    private final PolicyDaemonClient client;

    private Scene(DaemonOptions options) throws IOException, PolicyException {
        this.options = options;
        this.daemon = PolicyDaemon.open(options);
        this.thread = Thread.ofPlatform().name("daemon").start(() -> run(daemon));
        this.client = PolicyDaemonClient.connect(options.controlSocket());
    }

    /** Begins. */
    static Scene open(Path directory) throws IOException, PolicyException {
        Scene scene = new Scene(options(directory));
        scene.await(s -> s.domains().stream().allMatch(d -> d.state().equals("running"))
                && s.flows().stream().allMatch(f -> f.state().equals("live")));
        return scene;
    }

    private static void run(PolicyDaemon daemon) {
        try {
            daemon.run();
        } catch (IOException e) {
            throw new IllegalStateException("the daemon died", e);
        }
    }

    /** A client for commands. */
    PolicyDaemonClient client() {
        return client;
    }

    /** The control socket. */
    Path socket() {
        return options.controlSocket();
    }

    /** The log. */
    Path auditLog() {
        return options.auditLog();
    }

    /** Lines of the log from a number on. */
    List<String> audit(long after) throws IOException {
        return Files.readAllLines(auditLog()).stream().skip(after).toList();
    }

    /** Waits for a state. */
    void await(Predicate<Snapshot> reached) throws IOException {
        try (PolicyDaemonClient watcher = PolicyDaemonClient.connect(socket())) {
            watcher.watch(50, s -> !reached.test(s));
        }
    }

    /** A domain's state. */
    static Snapshot.DomainView domain(Snapshot snapshot, String name) {
        return snapshot.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Processes of this scene that live. */
    long processes() {
        return ProcessHandle.current()
                .descendants()
                .filter(p -> p.isAlive() && p.info().commandLine().orElse("").contains(RogueVmm.class.getName()))
                .count();
    }

    @Override
    public void close() throws Exception {
        client.close();
        daemon.requestShutdown();
        thread.join();
        daemon.close();
    }

    private static DaemonOptions options(Path directory) throws IOException {
        String domains =
                String.join(",", domain(directory, "writer", 1), domain(directory, "reader", 2), rogue(directory));
        String region = "\"kind\": \"memory\", \"recordBytes\": 128, \"records\": 4096, \"revokeWithin\": \"3s\"";
        String stream = "\"kind\": \"stream\", \"capacity\": \"64K\", \"backChannel\": {\"bitsPerSecond\": 100}";
        Path policy = Files.writeString(directory.resolve("attack.json"), """
            {"version": 1, "name": "attack", "lattice": {"levels": ["public"]}, "domains": [%s],
             "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
             "flows": [
               {"name": "work", "from": "writer", "to": "reader", %s},
               {"name": "bell", "from": "writer", "to": "reader", "kind": "event"},
               {"name": "bytes", "from": "writer", "to": "reader", %s},
               {"name": "tap", "from": "writer", "to": "rogue", %s},
               {"name": "r-memory", "from": "rogue", "to": "reader", %s},
               {"name": "r-bell", "from": "rogue", "to": "reader", "kind": "event",
                "rate": {"perSecond": %d, "burst": %d}},
               {"name": "r-pour", "from": "rogue", "to": "reader", %s},
               {"name": "r-mail", "from": "rogue", "to": "reader", "kind": "datagram"},
               {"name": "tty-reader", "from": "reader", "to": "@console", "kind": "console"},
               {"name": "tty-rogue", "from": "rogue", "to": "@console", "kind": "console"},
               {"name": "keys-rogue", "from": "@console", "to": "rogue", "kind": "console"}]}
            """.formatted(
                        domains, region, stream, region, region, BELL_RATE, BELL_RATE, stream));
        return new DaemonOptions(
                directory.resolve("state"),
                new DaemonOptions.PolicySource(policy),
                new DaemonOptions.Vmm(
                        command(directory),
                        Path.of("/dev/null"),
                        Engine.AUTO,
                        Surround.ofHost(),
                        Duration.ofSeconds(30)),
                false,
                Optional.empty());
    }

    private static String rogue(Path directory) throws IOException {
        return domain(directory, "rogue", 3).replace("\"honest\"", "\"rogue\"");
    }

    private static String domain(Path directory, String name, int number) throws IOException {
        Path image = Files.writeString(directory.resolve(name + ".elf"), name);
        return """
            {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "1M",
             "image": {"kernel": {"path": "%s.elf", "sha256": "%s"}, "cmdline": "honest"}}\
            """.formatted(number, name, name, PolicyFile.sha256(image));
    }

    /** As {@code cloister} starts VMMs, with another main class: whatever is needed later is in archives that are open by then. */
    private static List<String> command(Path directory) throws IOException {
        Set<String> path = new LinkedHashSet<>();
        for (Class<?> each :
                List.of(RogueVmm.class, Sandbox.class, VmmCodec.class, Linux.class, org.slf4j.Logger.class)) {
            path.add(archive(directory, each, path.size()));
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xlog:disable",
                "--enable-native-access=ALL-UNNAMED",
                "-Xms8m",
                "-Xmx128m",
                "-Xss512k",
                "-XX:-UsePerfData",
                "-XX:+DisableAttachMechanism",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:-DelayCompilerStubsGeneration",
                "-cp",
                String.join(File.pathSeparator, path)));
        command.add(RogueVmm.class.getName());
        return command;
    }

    private static String archive(Path directory, Class<?> of, int number) throws IOException {
        Path place;
        try {
            place = Path.of(
                    of.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
        if (!Files.isDirectory(place)) {
            return place.toString();
        }
        Path archive = directory.resolve("classes-" + number + ".jar");
        try (OutputStream out = Files.newOutputStream(archive);
                ZipOutputStream zip = new ZipOutputStream(out);
                Stream<Path> files = Files.walk(place)) {
            zip.setLevel(0);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                zip.putNextEntry(new ZipEntry(place.relativize(file).toString()));
                Files.copy(file, zip);
            }
        }
        return archive.toString();
    }
}
