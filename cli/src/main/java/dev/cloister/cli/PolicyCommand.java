package dev.cloister.cli;

import dev.cloister.cli.policy.CheckCommand;
import dev.cloister.cli.policy.CovertCommand;
import dev.cloister.cli.policy.CutCommand;
import dev.cloister.cli.policy.DiffCommand;
import dev.cloister.cli.policy.EvalCommand;
import dev.cloister.cli.policy.FmtCommand;
import dev.cloister.cli.policy.GraphCommand;
import dev.cloister.cli.policy.HashCommand;
import dev.cloister.cli.policy.LoadCommand;
import dev.cloister.cli.policy.ModelCommand;
import dev.cloister.cli.policy.PathsCommand;
import dev.cloister.cli.policy.ReplayCommand;
import dev.cloister.cli.policy.ScheduleCommand;
import dev.cloister.cli.policy.SignCommand;
import dev.cloister.cli.policy.TestgenCommand;
import dev.cloister.cli.policy.VerifyCommand;
import dev.cloister.cli.policy.WhyCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cloister policy}: looks at a policy without running anything, or puts it into force where one runs. */
@Command(
        name = "policy",
        mixinStandardHelpOptions = true,
        description = "Checks and explains policies, and changes the one that is running.",
        subcommands = {
            CheckCommand.class,
            LoadCommand.class,
            ScheduleCommand.class,
            WhyCommand.class,
            EvalCommand.class,
            ReplayCommand.class,
            PathsCommand.class,
            CutCommand.class,
            CovertCommand.class,
            DiffCommand.class,
            GraphCommand.class,
            ModelCommand.class,
            FmtCommand.class,
            HashCommand.class,
            SignCommand.class,
            VerifyCommand.class,
            TestgenCommand.class,
        },
        footer = {
            "",
            "Examples:",
            "  cloister policy check policy.json",
            "  cloister policy why policy.json sensor command",
        })
final class PolicyCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which policy command? See cloister policy --help");
    }
}
