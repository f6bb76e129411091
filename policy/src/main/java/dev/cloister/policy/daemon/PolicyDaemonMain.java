package dev.cloister.policy.daemon;

import dev.cloister.linux.FaultInjection;
import dev.cloister.linux.HostUser;
import dev.cloister.policy.confinement.Surround;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's process.
 *
 * <pre>PolicyDaemonMain --policy FILE --state DIRECTORY [--kvm DEVICE] [--exit-when-idle] [--answer-timeout SECONDS]
 *     [--accept-unenforced] [--trusted-key FILE]... [--surround none|BWRAP] [--user NAME]
 *     [--engine auto|direct|emulated] -- VMM-PROGRAM ARGUMENTS...</pre>
 *
 * Prints {@code ready SOCKET} on standard output once the control socket listens, and at the end one line for each domain.
 * SIGTERM ends it in order. Exit codes: 0 every domain ended with code 0 or the end was asked for, 64 usage, 65 bad policy, 69 the
 * host can't (state directory, audit log, device), 70 a domain ended otherwise.
 */
public final class PolicyDaemonMain {
    private static final int USAGE = 64;
    private static final int BAD_INPUT = 65;
    private static final int HOST = 69;
    private static final int FAULT = 70;
    private static final long ORDERLY_END_SECONDS = 15;
    private static final String SYNTAX =
            "usage: policyd --policy FILE --state DIRECTORY [--kvm DEVICE] [--exit-when-idle] [--answer-timeout"
                    + " SECONDS] [--accept-unenforced] [--trusted-key FILE]... [--surround none|BWRAP] [--user NAME]"
                    + " [--engine auto|direct|emulated] -- VMM-PROGRAM ARGUMENTS...";

    private final CountDownLatch ended = new CountDownLatch(1);
    private final PrintStream out;
    private final PrintStream err;

    private PolicyDaemonMain(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /**
     * Runs the daemon and exits the process.
     *
     * @param arguments see the class
     */
    public static void main(String[] arguments) {
        System.exit(new PolicyDaemonMain(System.out, System.err).run(arguments));
    }

    private int run(String[] arguments) {
        DaemonOptions options;
        try {
            options = parse(arguments);
        } catch (IllegalArgumentException e) {
            err.println("policyd: " + e.getMessage());
            err.println(SYNTAX);
            return USAGE;
        }
        if (FaultInjection.enabled()) {
            err.println(
                    "policyd: -D" + FaultInjection.PROPERTY + " lets calls fail at will: it is for tests, remove it");
            ended.countDown();
            return USAGE;
        }
        try {
            return serve(options);
        } catch (PolicyException e) {
            err.println(e.getMessage());
            return BAD_INPUT;
        } catch (IOException e) {
            err.println("policyd: " + e.getMessage());
            return HOST;
        } finally {
            ended.countDown();
        }
    }

    private int serve(DaemonOptions options) throws PolicyException, IOException {
        try (PolicyDaemon daemon = PolicyDaemon.open(options, FdStore.ofEnvironment())) {
            Thread hook = Thread.ofPlatform().unstarted(() -> end(daemon));
            Runtime.getRuntime().addShutdownHook(hook);
            if (options.user().isPresent()) {
                become(options.user().get(), daemon, options.stateDirectory());
            }
            out.println("ready " + options.controlSocket().toAbsolutePath());
            out.flush();
            PolicyDaemon.Outcome outcome = daemon.run();
            for (Snapshot.DomainView domain : outcome.last().domains()) {
                out.println(domain.name() + ": " + domain.state() + ", code " + domain.exitCode()
                        + (domain.note().isEmpty() ? "" : ", " + domain.note()));
            }
            out.flush();
            if (outcome.auditFailed()) {
                return HOST;
            }
            return outcome.success() || !options.exitWhenIdle() ? 0 : FAULT;
        }
    }

    /** Goes on without root. */
    private static void become(HostUser user, PolicyDaemon daemon, Path state) throws IOException {
        daemon.handOver(user);
        user.become();
        if (!Files.isWritable(state.toAbsolutePath())) {
            throw new IOException(
                    "state directory " + state.toAbsolutePath() + " can't be reached by user " + user.name()
                            + ": expected that every folder above it lets others through (chmod o+x), or another place"
                            + " by --state");
        }
    }

    /** The shutdown hook: asks for the end and lets it happen. After an end of our own the latch is open at once. */
    private void end(PolicyDaemon daemon) {
        try {
            daemon.requestShutdown();
            if (!ended.await(ORDERLY_END_SECONDS, TimeUnit.SECONDS)) {
                err.println("policyd: no orderly end within " + ORDERLY_END_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads the command line. */
    static DaemonOptions parse(String[] arguments) {
        Parser parser = new Parser();
        for (int i = 0; i < arguments.length; i++) {
            if ("--".equals(arguments[i])) {
                return parser.build(List.of(arguments).subList(i + 1, arguments.length));
            }
            if ("--exit-when-idle".equals(arguments[i])) {
                parser.exitWhenIdle = true;
            } else if ("--accept-unenforced".equals(arguments[i])) {
                parser.acceptUnenforced = true;
            } else if (i + 1 < arguments.length) {
                parser.option(arguments[i], arguments[++i]);
            } else {
                throw new IllegalArgumentException(arguments[i] + ": unknown option or its value is missing");
            }
        }
        throw new IllegalArgumentException("missing -- and the VMM's command line");
    }

    private static final class Parser {
        private @Nullable Path policy;
        private @Nullable Path state;
        private Path kvm = DaemonOptions.KVM;
        private Duration timeout = DaemonOptions.DEFAULT_ANSWER_TIMEOUT;
        private boolean exitWhenIdle;
        private boolean acceptUnenforced;
        private Optional<Surround> surround = Optional.empty();
        private String user = "";
        private Engine engine = Engine.AUTO;
        private final List<Path> trustedKeys = new ArrayList<>();

        void option(String name, String value) {
            switch (name) {
                case "--policy" -> policy = Path.of(value);
                case "--state" -> state = Path.of(value);
                case "--kvm" -> kvm = Path.of(value);
                case "--trusted-key" -> trustedKeys.add(Path.of(value));
                case "--user" -> user = value;
                case "--engine" -> engine = engine(value);
                case "--surround" -> surround = Optional.of(surround(value));
                case "--answer-timeout" -> timeout = seconds(value);
                default -> throw new IllegalArgumentException(name + ": unknown option");
            }
        }

        DaemonOptions build(List<String> command) {
            if (policy == null || state == null) {
                throw new IllegalArgumentException("--policy and --state are needed");
            }
            if (command.isEmpty() || !command.getFirst().startsWith("/")) {
                throw new IllegalArgumentException("after -- comes the VMM program by its absolute path");
            }
            return new DaemonOptions(
                    state,
                    new DaemonOptions.PolicySource(policy, trustedKeys, acceptUnenforced),
                    new DaemonOptions.Vmm(command, kvm, engine, surround.orElseGet(Surround::ofHost), timeout),
                    exitWhenIdle,
                    user.isEmpty() ? Optional.empty() : Optional.of(known(user)));
        }

        private static Engine engine(String value) {
            for (Engine each : List.of(Engine.AUTO, Engine.DIRECT, Engine.EMULATED)) {
                if (each.jsonName().equals(value)) {
                    return each;
                }
            }
            throw new IllegalArgumentException("--engine " + value + ": expected auto, direct or emulated");
        }

        private static HostUser known(String name) {
            return HostUser.named(name)
                    .orElseThrow(() -> new IllegalArgumentException("--user " + name + ": no such user on this host"));
        }

        private static Surround surround(String value) {
            if (value.equals("none")) {
                return Surround.NONE;
            }
            if (!value.startsWith("/")) {
                throw new IllegalArgumentException(
                        "--surround " + value + ": expected none, or the absolute path of bubblewrap");
            }
            return new Surround(Optional.of(Path.of(value)), true);
        }

        private static Duration seconds(String value) {
            try {
                long seconds = Long.parseLong(value);
                if (seconds >= 1 && seconds <= 3600) {
                    return Duration.ofSeconds(seconds);
                }
            } catch (NumberFormatException e) {
                // Reported below with the range.
            }
            throw new IllegalArgumentException("--answer-timeout " + value + ": expected 1 to 3600 seconds");
        }
    }
}
