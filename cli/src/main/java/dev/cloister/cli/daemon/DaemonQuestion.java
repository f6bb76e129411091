package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * A command that asks a running daemon for one thing, waits for its answer and prints that: as text, or with {@code --json} as it is, a
 * refusal as well. Exits 0, or 65 for a refusal.
 *
 * @param <R> the answer
 */
abstract class DaemonQuestion<R extends ControlReply> implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private DaemonOption daemon;

    @Option(names = "--json", description = "print the answer as one line of JSON")
    private boolean json;

    /** The daemon that is asked; closed by the caller. */
    abstract PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure;

    /** Asks the daemon. */
    abstract R ask(PolicyDaemonClient client) throws IOException;

    /** What the answer says to a person. */
    abstract String text(R answer);

    @Override
    public final Integer call() throws IOException, CommandFailure {
        try (PolicyDaemonClient client = connect(daemon)) {
            R answer = ask(client);
            print(json ? ControlCodec.encode(answer) : text(answer));
            return ExitCodes.OK;
        } catch (PolicyDaemonClient.RefusedException e) {
            if (json) {
                print(ControlCodec.encode(new ControlReply.Failed(e.code(), e.getMessage())));
                return ExitCodes.BAD_INPUT;
            }
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
        }
    }

    private void print(String line) {
        spec.commandLine().getOut().println(line);
    }
}
