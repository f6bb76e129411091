package dev.cloister.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.confinement.Surround;
import dev.cloister.policy.daemon.DaemonOptions;
import dev.cloister.policy.daemon.PolicyDaemon;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.vmm.sandbox.SystemCallList;
import dev.cloister.vmm.sandbox.SystemCallList.Entry;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Which lines of the list of system calls VMM processes use: domains with channels of every kind whose flows are revoked and opened again,
 * guests that need the emulator or have nothing else, a paused domain, and guests without a daemon, all under strace(1). What none of
 * them used must say in the list when it is needed, and should go if it can't.
 */
@Timeout(900)
class UsedSystemCallsTest {
    private static final String WHEN = "needed when";
    private static final List<String> JVM = List.of(
            "-Xms8m",
            "-Xmx128m",
            "-Xss512k",
            "-XX:+UseSerialGC",
            "-Xlog:disable",
            "-XX:-UsePerfData",
            "-XX:+DisableAttachMechanism",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-DelayCompilerStubsGeneration",
            "--enable-native-access=ALL-UNNAMED");
    /** Exits in a loop that the compilers find hot, then instructions for the emulator; then it listens. */
    private static final String BUSY = """
        main:
                mov     ebx, 30000
        .exit:  out     0x80, al
                in      al, 0x80
                dec     ebx
                jnz     .exit
                mov     rax, cr4
                or      eax, 0x200
                mov     cr4, rax
                mov     ebx, 2000
        .emul:  popcnt  eax, ebx
                pxor    xmm0, xmm0
                lock cmpxchg16b [place]
                dec     ebx
                jnz     .emul
                print   `busy: done\\n`
                ret
                section .bss
                align 16
        place:  resq    2
        """;

    private static String strace;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
        Optional<Path> found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "strace"))
                .filter(Files::isExecutable)
                .findFirst();
        String missing = "skipped, needs strace on PATH (Debian: apt-get install strace)";
        if (found.isEmpty()) {
            System.out.println(missing);
        }
        assumeTrue(found.isPresent(), missing);
        strace = found.orElseThrow().toString();
    }

    /** Every line has a use that was seen, or says when it is needed. */
    @Test
    void eachLineIsUsedOrSaysWhenItIsNeeded() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path traces = Files.createDirectory(cloister.folder().resolve("traces"));
        domains(cloister, traces);
        alone(cloister, traces, "direct");
        alone(cloister, traces, "emulated");
        CallTrace trace = new CallTrace();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(traces)) {
            for (Path file : files) {
                trace.add(file);
            }
        }
        assertThat(trace.entered()).as("processes that entered the sandbox").isEqualTo(8);
        assertThat(trace.unlisted()).isEmpty();
        print(trace.list(), trace);
        assertThat(trace.unused().entrySet().stream()
                        .filter(each -> !each.getKey().reason().contains(WHEN))
                        .map(UsedSystemCallsTest::told))
                .as("lines without a use, and values without one; their reasons don't say when they are needed")
                .isEmpty();
    }

    private static String told(Map.Entry<Entry, List<String>> unused) {
        return unused.getKey().call() + " (" + unused.getKey().reason() + "): " + unused.getValue();
    }

    private static void print(SystemCallList list, CallTrace trace) {
        List<Entry> allowed =
                list.entries().stream().filter(entry -> entry.errno() == 0).toList();
        long calls = allowed.stream().map(Entry::call).distinct().count();
        long used = allowed.stream()
                .filter(entry -> trace.count(entry) > 0)
                .map(Entry::call)
                .distinct()
                .count();
        System.out.println("system calls: " + calls + " allowed in " + allowed.size() + " lines, " + used + " used");
        trace.unused().entrySet().stream()
                .map(UsedSystemCallsTest::told)
                .sorted()
                .forEach(each -> System.out.println("not used: " + each));
    }

    /** The program's own command line, with its process's calls written to a file of its own. */
    private static List<String> traced(Path traces, List<String> command) {
        List<String> all = new ArrayList<>(List.of(
                "/bin/sh",
                "-c",
                "exec " + strace + " -f -qq -e raw=all -e signal=none -o " + traces + "/$$ \"$@\"",
                "traced"));
        all.addAll(command);
        return all;
    }

    private static void domains(Cloister cloister, Path traces) throws Exception {
        Path folder = cloister.folder();
        String size = "MESSAGE equ 92\n";
        Path policy = PolicyFile.in(folder, "used")
                .domain("writer", Guests.assemble(folder, "lasting-writer"))
                .domain("reader", Guests.assemble(folder, "lasting-reader"))
                .emulated()
                .domain("teller", Guests.assemble(folder, "message-writer", size + "BURST equ 2"))
                .emulated()
                .domain("hearer", Guests.assemble(folder, "message-reader", size + "READS equ 1000"))
                .domain("user", Guests.assemble(folder, "isolation/user"))
                .domain("peer", Guests.assemble(folder, "isolation/peer"))
                .input("writer")
                .memory("data", "writer", "reader")
                .event("alarm", "writer", "reader")
                .stream("talk", "writer", "reader")
                .flow("gram", "teller", "hearer", "datagram", "")
                .memory("down", "peer", "user")
                .memory("up", "user", "peer")
                .write();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        Path dist = Cloister.dist();
        if (Files.isReadable(dist.resolve("cloister.aot"))) {
            command.add("-XX:AOTCache=" + dist.resolve("cloister.aot"));
        }
        command.addAll(
                List.of("-cp", dist.resolve(Path.of("lib", "cli.jar")).toString(), "dev.cloister.vmm.process.VmmMain"));
        DaemonOptions options = new DaemonOptions(
                folder.resolve("state"),
                new DaemonOptions.PolicySource(policy),
                new DaemonOptions.Vmm(
                        traced(traces, command), DaemonOptions.KVM, Engine.AUTO, Surround.NONE, Duration.ofSeconds(60)),
                false,
                Optional.empty());
        try (PolicyDaemon daemon = PolicyDaemon.open(options)) {
            Thread thread = Thread.ofPlatform().start(() -> run(daemon));
            try {
                work(options);
            } finally {
                daemon.requestShutdown();
                thread.join();
            }
        }
    }

    private static void run(PolicyDaemon daemon) {
        try {
            daemon.run();
        } catch (IOException e) {
            throw new IllegalStateException("the daemon died", e);
        }
    }

    private static void work(DaemonOptions options) throws IOException {
        awaitState(
                options,
                s -> s.domains().stream()
                        .noneMatch(d -> List.of("starting", "ready").contains(d.state())));
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket())) {
            for (String flow : List.of("data", "talk", "alarm", "gram")) {
                goesOn(options);
                client.revoke(flow);
                client.open(flow);
            }
            client.pause("writer");
            client.resume("writer");
            goesOn(options);
        }
        // Of its 79 attempts some 500 lines are printed by exits.
        awaitState(options, s -> domain(s, "user").violations() >= 11);
    }

    /** The writer's guest works: each of its turns has an exit. */
    private static void goesOn(DaemonOptions options) throws IOException {
        long[] before = {-1};
        awaitState(options, s -> {
            long exits = domain(s, "writer").exits();
            before[0] = before[0] < 0 ? exits : before[0];
            return exits > before[0] + 10;
        });
    }

    private static Snapshot.DomainView domain(Snapshot snapshot, String name) {
        return snapshot.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitState(DaemonOptions options, java.util.function.Predicate<Snapshot> reached)
            throws IOException {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(options.controlSocket())) {
            client.watch(50, s -> !reached.test(s));
        }
    }

    /** A guest without a daemon: input, report, compilers, emulator, and a stop by signal. */
    private static void alone(Cloister cloister, Path traces, String engine) throws Exception {
        Path image = Guests.long64(cloister.folder(), "busy", BUSY);
        List<String> command = Cloister.commandLine(
                "run",
                "--engine",
                engine,
                "--kernel",
                image.toString(),
                "--memory",
                "16M",
                "--report",
                cloister.folder().resolve("report.json").toString());
        try (Running run = cloister.start(traced(traces, command))) {
            run.type("x");
            run.await().expect(0);
        }
    }
}
