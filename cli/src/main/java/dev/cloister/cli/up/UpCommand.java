package dev.cloister.cli.up;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.daemon.SnapshotText;
import dev.cloister.cli.daemon.StateOption;
import dev.cloister.cli.terminal.Terminal;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.Enforcement;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.language.SignedPolicy;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.vmm.host.HostCheck;
import dev.cloister.vmm.host.HostProbe;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister up}: runs a policy until its last domain ends. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Runs a policy: starts its daemon, which starts the domains and makes the channels that the "
                + "flows declare; shows a live table, and a summary when the last domain has ended.",
        footer = {
            "",
            "Exits 0 when every domain powered off, reset or was stopped; 65 for a bad",
            "policy, 69 if the host can't, 70 if a guest failed, 124 on timeout.",
            "Ctrl-C stops all domains.",
            "",
            "Examples:",
            "  cloister up examples/quickstart/policy.json",
            "  cloister up policy.json --timeout 60s --report run.json",
            "  cloister up policy.json --trusted-key public.pem",
        })
public final class UpCommand implements Callable<Integer> {
    private static final String NONE = "none";
    private static final int INTERVAL_MILLIS = 250;
    private static final Set<String> RUNS = Set.of("starting", "ready", "running");

    @Spec
    private CommandSpec spec;

    @Mixin
    private StateOption state;

    @Parameters(index = "0", paramLabel = "POLICY", description = "the policy file")
    private Path file;

    @Option(names = "--timeout", paramLabel = "TIME", description = "stop all domains after this time: 30s, 5m")
    private Duration timeout = Duration.ZERO;

    @Option(names = "--report", paramLabel = "FILE", description = "write the final state as JSON")
    private Path report;

    @Option(
            names = {"-q", "--quiet"},
            description = "do not print what the domains write to their consoles")
    private boolean quiet;

    @Option(
            names = "--trusted-key",
            paramLabel = "KEY",
            description = "run the policy only if this public key signed it; may be given several times")
    private List<Path> trustedKeys = List.of();

    @Option(
            names = "--accept-unenforced",
            description = "run a policy all the same that asks for what this release does not enforce; recorded in the "
                    + "audit log")
    private boolean acceptUnenforced;

    @Option(
            names = "--bubblewrap",
            paramLabel = "PROGRAM",
            description = "the bwrap that makes the domains' namespaces, if it isn't where the system's programs are; "
                    + "none: neither namespaces nor control groups")
    private String bubblewrap = "";

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description =
                    "the user that the policy daemon becomes once it has opened what needs root; its domains run as "
                            + "that user too, which must be able to read policy, images and program")
    private String user = "";

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            description =
                    "what executes the domains whose engine the policy leaves open (auto): auto, direct or emulated "
                            + "(default: auto)")
    private Engine engine = Engine.AUTO;

    private final Map<String, String> lastStates = new HashMap<>();
    private final AtomicBoolean timedOut = new AtomicBoolean();
    private Snapshot last;

    @Override
    public Integer call() throws CommandFailure, IOException, InterruptedException {
        Policy policy = load();
        requireHost();
        LiveScreen screen = new LiveScreen(spec.commandLine().getOut(), Terminal.isTerminal());
        int code;
        try (DaemonProcess daemon = DaemonProcess.start(file, state.of(policy.name()), daemonOptions())) {
            Path socket = daemon.awaitReady();
            try (ScheduledExecutorService alarm = timer(socket);
                    ConsoleLines consoles = new ConsoleLines(screen)) {
                follow(policy, socket, consoles, names(policy));
                watch(policy, socket, screen, consoles);
                while (daemon.awaitAgain()) {
                    consoles.otherDaemon();
                    follow(policy, socket, consoles, names(policy));
                    watch(policy, socket, screen, consoles);
                }
                consoles.await();
                alarm.shutdownNow();
            }
            screen.end();
            code = ended(policy, daemon.await());
        }
        summary(policy);
        return timedOut.get() ? ExitCodes.TIMEOUT : code;
    }

    private List<String> daemonOptions() {
        List<String> options = new ArrayList<>();
        if (acceptUnenforced) {
            options.add("--accept-unenforced");
        }
        trustedKeys.forEach(key -> options.addAll(List.of("--trusted-key", key.toString())));
        if (!user.isEmpty()) {
            options.addAll(List.of("--user", user));
        }
        if (engine != Engine.AUTO) {
            options.addAll(List.of("--engine", engine.jsonName()));
        }
        if (!bubblewrap.isEmpty()) {
            boolean none = NONE.equals(bubblewrap);
            options.addAll(List.of(
                    "--surround",
                    none ? NONE : Path.of(bubblewrap).toAbsolutePath().toString()));
        }
        return options;
    }

    /** Returns the exit code for the daemon's; says so where it did not end by itself. */
    private int ended(Policy policy, int code) {
        if (code <= DaemonProcess.SIGNAL_BASE) {
            return code;
        }
        spec.commandLine()
                .getErr()
                .println("cloister: the policy daemon was killed (signal " + (code - DaemonProcess.SIGNAL_BASE)
                        + "); domains may run on, and what becomes of their channels is the policy's onDaemonLoss: "
                        + policy.onDaemonLoss().jsonName());
        return ExitCodes.HOST;
    }

    private Policy load() throws CommandFailure, IOException {
        try {
            Policy policy = SignedPolicy.load(file, trustedKeys);
            List<Problem> unmet = Enforcement.problems(policy);
            if (!unmet.isEmpty() && !acceptUnenforced) {
                throw new PolicyException(unmet);
            }
            if (report != null) {
                Files.write(report, new byte[0]);
            }
            return policy;
        } catch (PolicyException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "the policy is refused\n"
                            + e.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")),
                    e);
        }
    }

    private void requireHost() throws CommandFailure {
        List<HostCheck> checks = HostProbe.essentials();
        String missing = checks.stream()
                .filter(check -> check.verdict() == HostCheck.Verdict.MISSING)
                .map(check ->
                        check.name() + ": " + check.found() + (check.advice().isEmpty() ? "" : "\n  " + check.advice()))
                .collect(Collectors.joining("\n"));
        if (!missing.isEmpty()) {
            throw new CommandFailure(
                    ExitCodes.HOST, "guests can't run on this host\n" + missing + "\ncloister doctor tells more");
        }
        if (engine == Engine.AUTO) {
            checks.stream()
                    .filter(check -> check.name().equals(HostProbe.ENGINE))
                    .filter(check -> check.verdict() == HostCheck.Verdict.LIMITED)
                    .forEach(check -> spec.commandLine().getErr().println("cloister: engine: " + check.found()));
        }
    }

    private ScheduledExecutorService timer(Path socket) {
        ScheduledExecutorService alarm = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("timeout").factory());
        if (!timeout.isZero()) {
            alarm.schedule(() -> end(socket), timeout.toMillis(), TimeUnit.MILLISECONDS);
        }
        return alarm;
    }

    private void end(Path socket) {
        timedOut.set(true);
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
            client.shutdown();
        } catch (IOException e) {
            spec.commandLine().getErr().println("cloister: can't end the daemon: " + e.getMessage());
        }
    }

    private static Map<String, Long> names(Policy policy) {
        return policy.domains().stream().collect(Collectors.toMap(Domain::name, _ -> 0L));
    }

    private static Map<String, Long> running(Snapshot snapshot) {
        return snapshot.domains().stream()
                .filter(d -> RUNS.contains(d.state()))
                .collect(Collectors.toMap(Snapshot.DomainView::name, Snapshot.DomainView::pid));
    }

    private void follow(Policy policy, Path socket, ConsoleLines consoles, Map<String, Long> domains) {
        if (quiet) {
            return;
        }
        for (Flow flow : policy.flows()) {
            Long pid = domains.get(flow.from().name());
            if (flow.kind() == FlowKind.CONSOLE && pid != null) {
                consoles.follow(socket, flow.from().name(), pid);
            }
        }
    }

    private void watch(Policy policy, Path socket, LiveScreen screen, ConsoleLines consoles) {
        try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
            client.watch(INTERVAL_MILLIS, snapshot -> {
                last = snapshot;
                announce(snapshot, screen);
                // Each time: one that began another run between two snapshots, so that its state didn't change, has
                // another line.
                follow(policy, socket, consoles, running(snapshot));
                screen.block(SnapshotText.tables(snapshot));
                return true;
            });
        } catch (IOException e) {
            screen.line("cloister: lost the policy daemon: " + e.getMessage());
        }
    }

    /** Prints what has changed. */
    private void announce(Snapshot snapshot, LiveScreen screen) {
        for (Snapshot.DomainView domain : snapshot.domains()) {
            String now = domain.state();
            String before = lastStates.put(domain.name(), now);
            if (!now.equals(before)) {
                String note = domain.note().isEmpty() ? "" : " (" + domain.note() + ")";
                screen.line(String.format("%-10s* %s%s", domain.name(), now, note));
            }
        }
    }

    private void summary(Policy policy) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (last != null) {
            out.println();
            SnapshotText.tables(last).forEach(out::println);
        }
        if (report != null) {
            Files.writeString(report, UpReport.json(policy, last, state.of(policy.name())) + "\n");
        }
        Path log = state.of(policy.name()).resolve(StateOption.AUDIT_LOG);
        List<String> refused = RefusalSummary.of(log);
        if (!refused.isEmpty()) {
            out.println();
            out.println("Refused and contained, from the audit log:");
            refused.forEach(line -> Lines.wrap(out, "  ", line));
        }
        out.println();
        out.println("audit log: " + log);
        out.println("prove it:  cloister audit verify " + policy.name());
        out.flush();
    }
}
