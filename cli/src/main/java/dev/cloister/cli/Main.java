package dev.cloister.cli;

import dev.cloister.cli.image.ImageCommand;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

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
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

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
        CommandLine line = new CommandLine(new Main());
        line.setUsageHelpWidth(80);
        line.setUsageHelpLongOptionsMaxWidth(28);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(java.time.Duration.class, new TimeSpan());
        line.setParameterExceptionHandler(Main::usageError);
        line.setExecutionExceptionHandler(new Failures());
        return line;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? See cloister --help");
    }

    private static int usageError(ParameterException e, String[] args) {
        CommandLine line = e.getCommandLine();
        line.getErr().println("cloister: " + e.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, line.getErr())) {
            line.getErr().println("See " + line.getCommandSpec().qualifiedName() + " --help");
        }
        return ExitCodes.USAGE;
    }

    /** Turns an exception into one readable message and an exit code. */
    private static final class Failures implements IExecutionExceptionHandler {
        @Override
        public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) throws Exception {
            if (e instanceof CommandFailure failure) {
                line.getErr().println("cloister: " + failure.getMessage());
                return failure.exitCode();
            }
            if (e instanceof java.io.IOException) {
                line.getErr().println("cloister: " + e.getMessage());
                return ExitCodes.HOST;
            }
            throw e;
        }
    }
}
