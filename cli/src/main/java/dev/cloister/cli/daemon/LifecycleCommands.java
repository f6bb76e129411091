package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cloister start|pause|resume|stop|open|revoke}: each asks the daemon for one thing and waits until it is so. */
public final class LifecycleCommands {
    private LifecycleCommands() {}

    /** What the daemon is asked. */
    @FunctionalInterface
    private interface Action {
        String ask(PolicyDaemonClient client, String domain) throws IOException;
    }

    /** What the commands share. */
    private abstract static class Base extends DaemonQuestion<ControlReply.Done> {
        private final Action action;

        Base(Action action) {
            this.action = action;
        }

        /** What it is about. */
        abstract String subject();

        @Override
        ControlReply.Done ask(PolicyDaemonClient client) throws IOException {
            return new ControlReply.Done(action.ask(client, subject()));
        }

        @Override
        String text(ControlReply.Done answer) {
            return answer.message();
        }
    }

    /** What is about a domain. */
    private abstract static class OfDomain extends Base {
        @Parameters(index = "0", paramLabel = "DOMAIN", description = "the domain's name")
        private String domain;

        OfDomain(Action action) {
            super(action);
        }

        @Override
        String subject() {
            return domain;
        }

        @Override
        PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure {
            return choice.connect(domain);
        }
    }

    /** What is about a flow. */
    private abstract static class OfFlow extends Base {
        @Parameters(index = "0", paramLabel = "FLOW", description = "the flow's name")
        private String flow;

        OfFlow(Action action) {
            super(action);
        }

        @Override
        String subject() {
            return flow;
        }

        @Override
        PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure {
            return choice.connectToFlow(flow);
        }
    }

    /** {@code cloister start}. */
    @Command(
            name = "start",
            mixinStandardHelpOptions = true,
            description = "Starts a domain that is idle, refused or exited, with a new process and images measured "
                    + "anew; returns when its guest runs.",
            footer = {
                "",
                "Exits 0 when the guest runs, 65 when the start is refused: the verdicts are",
                "in the audit log and in cloister ps --json.",
                "",
                "Example:",
                "  cloister start sensor"
            })
    public static final class Start extends OfDomain {
        Start() {
            super(PolicyDaemonClient::start);
        }
    }

    /** {@code cloister open}. */
    @Command(
            name = "open",
            mixinStandardHelpOptions = true,
            description = "Opens a flow's channel again that was revoked, severed or refused; returns when it is live.",
            footer = {"", "Example:", "  cloister open readings"})
    public static final class Open extends OfFlow {
        Open() {
            super(PolicyDaemonClient::open);
        }
    }

    /** {@code cloister revoke}. */
    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Takes a flow's channel away until it is opened again; returns when both ends have let go.",
            footer = {"", "Example:", "  cloister revoke readings"})
    public static final class Revoke extends OfFlow {
        Revoke() {
            super(PolicyDaemonClient::revoke);
        }
    }

    /** {@code cloister pause}. */
    @Command(
            name = "pause",
            mixinStandardHelpOptions = true,
            description = "Pauses a running domain; returns when it stands still.",
            footer = {"", "Example:", "  cloister pause sensor"})
    public static final class Pause extends OfDomain {
        Pause() {
            super(PolicyDaemonClient::pause);
        }
    }

    /** {@code cloister resume}. */
    @Command(
            name = "resume",
            mixinStandardHelpOptions = true,
            description = "Lets a paused domain go on.",
            footer = {"", "Example:", "  cloister resume sensor"})
    public static final class Resume extends OfDomain {
        Resume() {
            super(PolicyDaemonClient::resume);
        }
    }

    /** {@code cloister stop}. */
    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Stops a domain; returns when its process is gone. A guest that listens to its power button "
                    + "shuts down in order first; asked once more, with --grace 0s, the daemon cuts its power.",
            footer = {"", "Example:", "  cloister stop sensor"})
    public static final class Stop extends OfDomain {
        @Option(
                names = "--grace",
                paramLabel = "TIME",
                description = "how long the guest may take to shut down, up to 1h; 0s cuts its power at once "
                        + "(default: 60s)")
        private Duration grace = Duration.ofMinutes(1);

        Stop() {
            super(PolicyDaemonClient::stop);
        }

        @Override
        ControlReply.Done ask(PolicyDaemonClient client) throws IOException {
            int millis = (int) Math.min(grace.toMillis(), ControlRequest.MAX_GRACE);
            return new ControlReply.Done(client.stop(subject(), millis));
        }
    }
}
