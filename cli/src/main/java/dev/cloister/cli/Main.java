package dev.cloister.cli;

import dev.cloister.cli.audit.AuditCommand;
import dev.cloister.cli.command.CommandGroup;
import dev.cloister.cli.command.CommandLines;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.daemon.BalloonCommand;
import dev.cloister.cli.daemon.ConsoleCommand;
import dev.cloister.cli.daemon.LifecycleCommands;
import dev.cloister.cli.daemon.PsCommand;
import dev.cloister.cli.daemon.ScheduleCommands;
import dev.cloister.cli.host.CpuModelsCommand;
import dev.cloister.cli.host.DoctorCommand;
import dev.cloister.cli.image.ImageCommand;
import dev.cloister.cli.policy.PolicyCommand;
import dev.cloister.cli.run.RunCommand;
import dev.cloister.cli.up.UpCommand;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The {@code cloister} command and its entry point. */
@Command(
        name = "cloister",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Runs guests in separate domains that reach each other only as a policy allows.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            UpCommand.class,
            RunCommand.class,
            PsCommand.class,
            ConsoleCommand.class,
            ImageCommand.class,
            LifecycleCommands.Start.class,
            LifecycleCommands.Pause.class,
            LifecycleCommands.Resume.class,
            LifecycleCommands.Stop.class,
            BalloonCommand.class,
            LifecycleCommands.Open.class,
            LifecycleCommands.Revoke.class,
            ScheduleCommands.class,
            PolicyCommand.class,
            AuditCommand.class,
            DoctorCommand.class,
            CpuModelsCommand.class,
            GenerateCompletion.class,
            HelpCommand.class,
        },
        footer = {
            "",
            "Examples:",
            "  cloister up examples/quickstart/policy.json",
            "  cloister run --kernel vmlinuz --initrd initrd.img --cmdline console=ttyS0",
            "  cloister policy why examples/quickstart/policy.json sensor command",
            "  source <(cloister generate-completion)",
        })
public final class Main extends CommandGroup {
    /** Runs the command and ends the process with its exit code; see {@link ExitCodes}. */
    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /** Runs the command in this process; returns its exit code. */
    static int execute(String... args) {
        return commandLine().execute(args);
    }

    /** Returns a command line of its own: parsing one does not disturb another. */
    public static CommandLine commandLine() {
        return CommandLines.of(new Main());
    }
}
