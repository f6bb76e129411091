package dev.cloister.cli;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister start|pause|resume|stop|open|revoke}: each asks the daemon for one thing and waits until it is so. */
final class LifecycleCommands {
    private LifecycleCommands() {}

    /** What the daemon is asked. */
    @FunctionalInterface
    private interface Action {
        String ask(PolicyDaemonClient client, String domain) throws IOException;
    }

    /** What the commands share. */
    private abstract static class Base implements Callable<Integer> {
        private final Action action;

        @Spec
        private CommandSpec spec;

        @Mixin
        private DaemonOption daemon;

        @Option(names = "--json", description = "print the answer as one line of JSON")
        private boolean json;

        Base(Action action) {
            this.action = action;
        }

        /** What it is about. */
        abstract String subject();

        /** The daemon that is asked. */
        abstract PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure;

        @Override
        public Integer call() throws IOException, CommandFailure {
            try (PolicyDaemonClient client = connect(daemon)) {
                print(new ControlReply.Done(action.ask(client, subject())));
                return ExitCodes.OK;
            } catch (PolicyDaemonClient.RefusedException e) {
                if (json) {
                    print(new ControlReply.Failed(e.code(), e.getMessage()));
                    return ExitCodes.BAD_INPUT;
                }
                throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
            }
        }

        private void print(ControlReply reply) {
            String text =
                    reply instanceof ControlReply.Done done && !json ? done.message() : ControlCodec.encode(reply);
            spec.commandLine().getOut().println(text);
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
    static final class Start extends OfDomain {
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
    static final class Open extends OfFlow {
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
    static final class Revoke extends OfFlow {
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
    static final class Pause extends OfDomain {
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
    static final class Resume extends OfDomain {
        Resume() {
            super(PolicyDaemonClient::resume);
        }
    }

    /** {@code cloister stop}. */
    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            description = "Stops a domain; returns when its process is gone.",
            footer = {"", "Example:", "  cloister stop sensor"})
    static final class Stop extends OfDomain {
        Stop() {
            super(PolicyDaemonClient::stop);
        }
    }
}
