package dev.cloister.cli;

import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
                + "Input is passed on if the policy has a console flow to the domain.",
        footer = {
            "",
            "Ctrl-C detaches; the domain goes on.",
            "",
            "Examples:",
            "  cloister console command",
            "  cloister console command --raw >console.log",
        })
final class ConsoleCommand implements Callable<Integer> {
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

    @Override
    public Integer call() throws IOException, CommandFailure {
        try (PolicyDaemonClient client = daemon.connect(domain);
                PolicyDaemonClient.Console console = client.console(domain)) {
            if (console.acceptsInput()) {
                Thread.ofPlatform().daemon().name("console-input").start(() -> forwardInput(console));
            } else {
                spec.commandLine()
                        .getErr()
                        .println("cloister: output only: the policy has no flow @console -> " + domain);
            }
            copy(console.output(), new FileOutputStream(FileDescriptor.out));
            return ExitCodes.OK;
        } catch (PolicyDaemonClient.RefusedException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
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

    private static void forwardInput(PolicyDaemonClient.Console console) {
        try {
            new FileInputStream(FileDescriptor.in).transferTo(console.input());
        } catch (IOException e) {
            // The console is gone; the reading side ends the command.
            return;
        }
    }
}
