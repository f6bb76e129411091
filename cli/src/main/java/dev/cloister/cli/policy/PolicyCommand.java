package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandGroup;
import picocli.CommandLine.Command;

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
public final class PolicyCommand extends CommandGroup {}
