package dev.cloister.cli.daemon;

import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister ps}. */
@Command(
        name = "ps",
        mixinStandardHelpOptions = true,
        description = "Lists the domains and flows of running policies.",
        footer = {"", "Examples:", "  cloister ps", "  cloister ps --flows", "  cloister ps --json"})
public final class PsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private DaemonOption daemon;

    @Option(names = "--json", description = "print one line of JSON for each running policy")
    private boolean json;

    @Option(names = "--flows", description = "list the flows with what they have used of their rates and quotas")
    private boolean flows;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        List<Path> running = daemon.running();
        for (Path socket : running) {
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
                if (json) {
                    out.println(SnapshotText.json(client.ps()));
                } else if (flows) {
                    SnapshotText.limits(client.ps()).forEach(out::println);
                } else {
                    SnapshotText.tables(client.ps()).forEach(out::println);
                }
            }
        }
        if (running.isEmpty() && !json) {
            out.println("no policy is running");
        }
        return ExitCodes.OK;
    }
}
