package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.daemon.DaemonOption;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply.Failed;
import dev.cloister.policy.protocol.ControlReply.Item;
import dev.cloister.policy.protocol.ControlReply.PolicyLoad;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy load}: puts another policy into force in a running daemon, whole or not at all. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Puts another policy of the same name into force where one is running: whole or not at all. What it no "
                        + "longer grants is taken away at once; only then does anything begin that is new.",
        footer = {
            "",
            "Exits 0 when all that is taken away is gone; 65 if the policy is bad, with what",
            "policy check says; 1 if the daemon refuses. docs/policy-change.md tells more.",
            "",
            "Examples:",
            "  cloister policy load --dry-run policy.json",
            "  cloister policy load policy.json",
        })
final class LoadCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Mixin
    private DaemonOption daemon;

    @Option(names = "--dry-run", description = "tell what would change, and change nothing")
    private boolean dryRun;

    @Option(names = "--json", description = "print the answer as one line of JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException, CommandFailure {
        PrintWriter out = spec.commandLine().getOut();
        try (PolicyDaemonClient client = daemon.connectToOnly()) {
            PolicyLoad load = client.load(file, dryRun);
            if (json) {
                out.println(ControlCodec.encode(load));
            } else {
                text(out, load);
            }
            return load.problems().isEmpty() ? ExitCodes.OK : ExitCodes.BAD_INPUT;
        } catch (PolicyDaemonClient.RefusedException e) {
            if (json) {
                out.println(ControlCodec.encode(new Failed(e.code(), e.getMessage())));
                return ExitCodes.FOUND;
            }
            throw new CommandFailure(ExitCodes.FOUND, e.getMessage(), e);
        }
    }

    private static void text(PrintWriter out, PolicyLoad load) {
        load.problems().forEach(problem -> FindingText.print(out, problem));
        Table table = new Table("WHAT", "NAME", "OUTCOME", ">AFTER", "WHY");
        for (Item item : load.items()) {
            String after = item.micros() == 0 ? "" : item.micros() / 1000 + "." + item.micros() / 100 % 10 + " ms";
            table.row(item.what(), item.name(), item.outcome(), after, item.reason());
        }
        if (!load.items().isEmpty()) {
            table.lines().forEach(out::println);
        }
        out.println(load.message());
        if (load.loaded()) {
            out.println("epoch " + load.epoch() + ", digest " + load.digest());
        }
    }
}
