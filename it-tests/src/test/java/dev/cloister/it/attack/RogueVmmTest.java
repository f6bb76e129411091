package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.PolicyFile;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.daemon.DaemonOptions;
import dev.cloister.policy.daemon.PolicyDaemon;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One VMM process is the attacker's, two others exchange records meanwhile. Whatever the attacker does is recorded, ends at its own
 * domain and leaves the others and the daemon's clients alone. Prints the siblings' records a second and the slowest answer.
 */
@Timeout(120)
class RogueVmmTest {
    private static final long SLOWEST_ANSWER_MILLIS = 5_000;
    private static final int QUESTIONS = 20;

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(Attack.class)
    void attackEndsAtItsOwnDomain(Attack attack) throws Exception {
        DaemonOptions options = options(attack);
        try (PolicyDaemon daemon = PolicyDaemon.open(options)) {
            Thread thread = Thread.ofPlatform().start(() -> run(daemon));
            try {
                watch(attack, options);
            } finally {
                daemon.requestShutdown();
                thread.join();
            }
        }
        String audit = Files.readString(options.auditLog());
        assertThat(audit.lines().filter(l -> l.contains("rogue") || l.contains("tap")))
                .as(audit)
                .anyMatch(l -> l.matches(".*(" + attack.audited() + ").*"));
        assertThat(AuditVerifier.verify(options.auditLog(), Optional.empty()).whole())
                .isTrue();
        assertThat(ProcessHandle.current().descendants().filter(p -> isRogue(p, options)))
                .isEmpty();
    }

    private static void watch(Attack attack, DaemonOptions options) throws Exception {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket())) {
            await(
                    options,
                    s -> s.domains().stream()
                            .noneMatch(d -> List.of("starting", "ready").contains(d.state())));
            provoke(attack, client);
            if (attack.ends()) {
                await(options, s -> state(s, "rogue").equals("exited"));
            }
            long slowest = 0;
            for (int i = 0; i < QUESTIONS; i++) {
                long asked = System.nanoTime();
                client.ps();
                slowest = Math.max(slowest, (System.nanoTime() - asked) / 1_000_000);
            }
            assertThat(slowest).as("slowest answer in ms").isLessThan(SLOWEST_ANSWER_MILLIS);
            long rate = recordsPerSecond(options);
            System.out.println(
                    "attack " + attack.word() + ": siblings " + rate + " records/s, slowest ps " + slowest + " ms");
            Snapshot after = client.ps();
            assertThat(state(after, "writer")).isEqualTo("running");
            assertThat(state(after, "reader")).isEqualTo("running");
            assertThat(after.domains().stream()
                            .filter(d -> !d.name().equals("rogue"))
                            .mapToLong(Snapshot.DomainView::violations)
                            .sum())
                    .isZero();
            if (List.of(Attack.WRITE_READ_ONLY, Attack.RESIZE_REGION).contains(attack)) {
                assertThat(serial(options, "rogue", "tried")).contains("EPERM").doesNotContain("grow SUCC");
                assertThat(serial(options, "rogue", "tried"))
                        .doesNotContain("direct SUCC", "reopened SUCC", "mprotect SUCC");
            }
        }
    }

    /** What the attack waits for. */
    private static void provoke(Attack attack, PolicyDaemonClient client) throws IOException {
        switch (attack) {
            case IGNORE_REVOKE, OTHER_EPOCH -> tolerated(() -> client.revoke("tap"));
            case IGNORE_STOP, STOP_ITSELF -> tolerated(() -> client.stop("rogue"));
            default -> {
                // The attacker begins by itself.
            }
        }
    }

    private interface Command {
        void run() throws IOException;
    }

    private static void tolerated(Command command) throws IOException {
        try {
            command.run();
        } catch (PolicyDaemonClient.RefusedException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** Waits for two of the reader's reports, so the siblings live; returns their rate. */
    private static long recordsPerSecond(DaemonOptions options) throws IOException {
        long[] count = new long[2];
        long[] at = new long[2];
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket());
                PolicyDaemonClient.Console console = client.console("reader")) {
            InputStream in = console.output();
            byte[] chunk = new byte[8192];
            int seen = 0;
            for (int n = in.read(chunk); n >= 0 && seen < 10; n = in.read(chunk)) {
                String[] lines = new String(chunk, 0, n, StandardCharsets.US_ASCII).split("\n");
                String last = lines[lines.length - 1];
                if (last.matches("records \\d+")) {
                    int slot = seen == 0 ? 0 : 1;
                    count[slot] = Long.parseLong(last.substring(8));
                    at[slot] = System.nanoTime();
                    seen++;
                }
            }
        }
        assertThat(count[1]).as("records of the siblings go on").isGreaterThan(count[0]);
        return (count[1] - count[0]) * 1_000_000_000L / Math.max(1, at[1] - at[0]);
    }

    private static String serial(DaemonOptions options, String domain, String until) throws IOException {
        StringBuilder seen = new StringBuilder();
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket());
                PolicyDaemonClient.Console console = client.console(domain)) {
            InputStream in = console.output();
            byte[] chunk = new byte[8192];
            int n = 0;
            while (n >= 0 && seen.indexOf(until) < 0) {
                n = in.read(chunk);
                seen.append(new String(chunk, 0, Math.max(0, n), StandardCharsets.US_ASCII));
            }
        }
        return seen.toString();
    }

    private static void await(DaemonOptions options, Predicate<Snapshot> reached) throws IOException {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket())) {
            client.watch(50, s -> !reached.test(s));
        }
    }

    private static String state(Snapshot snapshot, String domain) {
        return snapshot.domains().stream()
                .filter(d -> d.name().equals(domain))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private static boolean isRogue(ProcessHandle process, DaemonOptions options) {
        String line = process.info().commandLine().orElse("");
        return process.isAlive() && line.contains(options.vmmCommand().getLast());
    }

    private static void run(PolicyDaemon daemon) {
        try {
            daemon.run();
        } catch (IOException e) {
            throw new IllegalStateException("the daemon died", e);
        }
    }

    private DaemonOptions options(Attack attack) throws IOException {
        String domains = domain("writer", 1, "honest") + "," + domain("reader", 2, "honest") + ","
                + domain("rogue", 3, attack.word());
        String region = "\"kind\": \"memory\", \"recordBytes\": 128, \"records\": 64";
        Path policy = Files.writeString(directory.resolve("attack.json"), """
            {"version": 1, "name": "attack", "lattice": {"levels": ["public"]}, "domains": [%s],
             "host": {"console": {"label": {"level": "public"}}, "audit": {"label": {"level": "public"}}},
             "flows": [
               {"name": "work", "from": "writer", "to": "reader", %s},
               {"name": "tap", "from": "writer", "to": "rogue", %s},
               {"name": "tty-reader", "from": "reader", "to": "@console", "kind": "console"},
               {"name": "tty-rogue", "from": "rogue", "to": "@console", "kind": "console"}]}
            """.formatted(domains, region, region));
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RogueVmm.class.getName());
        return new DaemonOptions(
                policy, directory.resolve("state"), command, Path.of("/dev/null"), false, Duration.ofSeconds(3));
    }

    private String domain(String name, int number, String commandLine) throws IOException {
        Path image = Files.writeString(directory.resolve(name + ".elf"), name);
        return """
            {"id": "6c0c1f0e-0000-4000-8000-%012x", "name": "%s", "label": {"level": "public"}, "memory": "1M",
             "image": {"kernel": {"path": "%s.elf", "sha256": "%s"}, "cmdline": "%s"}}\
            """.formatted(number, name, name, PolicyFile.sha256(image), commandLine);
    }
}
