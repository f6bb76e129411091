package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.terminal.Terminal;
import dev.cloister.cli.terminal.TerminalConsole;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.vmm.terminal.EscapeKey;
import dev.cloister.vmm.terminal.RawTerminal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister console}. */
@Command(
        name = "console",
        mixinStandardHelpOptions = true,
        description = "Attaches to a domain's serial line: first what is kept of it, then what comes. "
                + "Input is passed on if the policy has a console flow to the domain, and nobody else types there.",
        footer = {
            "",
            "Ctrl-A x detaches; the domain goes on. Where nothing is typed for the domain,",
            "Ctrl-C does as well.",
            "",
            "Examples:",
            "  cloister console command",
            "  cloister console command --raw >console.log",
        })
public final class ConsoleCommand implements Callable<Integer> {
    private static final int BUFFER = 8192;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DaemonOption daemon;

    @Parameters(index = "0", paramLabel = "DOMAIN", description = "the domain's name")
    private String domain;

    @Option(
            names = "--raw",
            description = "pass the guest's bytes as they are; without it control characters are shown as ·, "
                    + "since a guest could otherwise steer your terminal")
    private boolean raw;

    @Option(
            names = "--read-only",
            description =
                    "look only: nothing that is typed reaches the domain. Any number may look, one at a time may type")
    private boolean readOnly;

    private volatile boolean left;

    @Override
    public Integer call() throws IOException, CommandFailure {
        // Who can't type here keeps nobody else from it.
        boolean looks = readOnly || RawTerminal.isElsewhere();
        try (PolicyDaemonClient client = daemon.connect(domain);
                PolicyDaemonClient.Console console = looks ? client.watchConsole(domain) : client.console(domain)) {
            if (looks) {
                follow(console);
            } else if (console.acceptsInput()) {
                converse(console);
            } else {
                spec.commandLine()
                        .getErr()
                        .println("cloister: output only: the policy has no flow @console -> " + domain);
                follow(console);
            }
            return ExitCodes.OK;
        } catch (PolicyDaemonClient.RefusedException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
        }
    }

    /** With the terminal the domain's, if there is one. */
    private void converse(PolicyDaemonClient.Console console) throws IOException, CommandFailure {
        TerminalConsole typed = new TerminalConsole(spec.commandLine().getErr());
        TerminalConsole.Actions actions = new TerminalConsole.Actions() {
            @Override
            public void leave() {
                left = true;
                close(console);
            }

            @Override
            public void sendBreak() {
                // A line through the daemon has none.
            }
        };
        Optional<RawTerminal> terminal =
                typed.begin("detaches; the domain goes on", List.of(EscapeKey.Command.LEAVE), actions);
        try {
            Thread.ofPlatform().daemon().name("console-input").start(() -> forwardInput(typed.input(), console));
            follow(console);
        } finally {
            terminal.ifPresent(RawTerminal::close);
        }
    }

    private void follow(PolicyDaemonClient.Console console) throws IOException {
        try {
            copy(console.output(), new FileOutputStream(FileDescriptor.out));
        } catch (IOException e) {
            // The end of the connection is what detaching is.
            if (!left) {
                throw e;
            }
        }
    }

    private static void close(PolicyDaemonClient.Console console) {
        try {
            console.close();
        } catch (IOException e) {
            // It has ended by itself: so will the reader.
            return;
        }
    }

    private void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[BUFFER];
        boolean clean = !raw && Terminal.isTerminal();
        for (int count = from.read(buffer, 0, BUFFER); count >= 0; count = from.read(buffer, 0, BUFFER)) {
            if (clean) {
                to.write(Terminal.printable(buffer, count));
            } else {
                to.write(buffer, 0, count);
            }
        }
    }

    private static void forwardInput(InputStream typed, PolicyDaemonClient.Console console) {
        try {
            typed.transferTo(console.input());
        } catch (IOException e) {
            // The console is gone; the reading side ends the command.
            return;
        }
    }
}
