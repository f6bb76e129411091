package dev.cloister.cli;

import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister pause|resume|stop}: each asks the daemon for one thing and waits until it is so. */
final class LifecycleCommands {
    private LifecycleCommands() {}

    /** What the daemon is asked. */
    @FunctionalInterface
    private interface Action {
        String ask(PolicyDaemonClient client, String domain) throws IOException;
    }

    /** What the three commands share. */
    private abstract static class Base implements Callable<Integer> {
        private final Action action;

        @Spec
        private CommandSpec spec;

        @Mixin
        private DaemonOption daemon;

        @Parameters(index = "0", paramLabel = "DOMAIN", description = "the domain's name")
        private String domain;

        Base(Action action) {
            this.action = action;
        }

        @Override
        public Integer call() throws IOException, CommandFailure {
            try (PolicyDaemonClient client = daemon.connect(domain)) {
                spec.commandLine().getOut().println(action.ask(client, domain));
                return ExitCodes.OK;
            } catch (PolicyDaemonClient.RefusedException e) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
            }
        }
    }

    /** {@code cloister pause}. */
    @Command(
            name = "pause",
            mixinStandardHelpOptions = true,
            description = "Pauses a running domain; returns when it stands still.",
            footer = {"", "Example:", "  cloister pause sensor"})
    static final class Pause extends Base {
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
    static final class Resume extends Base {
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
    static final class Stop extends Base {
        Stop() {
            super(PolicyDaemonClient::stop);
        }
    }
}
