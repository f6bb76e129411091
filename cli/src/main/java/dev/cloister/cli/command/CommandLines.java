package dev.cloister.cli.command;

import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Makes the parsers of commands, which all read times, print help and tell of failures alike. */
public final class CommandLines {
    private static final int WIDTH = 80;
    private static final int OPTIONS_WIDTH = 28;

    private CommandLines() {}

    /**
     * Makes the parser of a command and of its subcommands. It runs them in this process; {@link CommandLine#execute} returns one
     * of {@link ExitCodes}.
     *
     * @param command the command, as picocli's annotations describe it, for this parser alone
     * @return one of its own: parsing with it does not disturb another
     */
    public static CommandLine of(Object command) {
        CommandLine line = new CommandLine(command);
        line.setUsageHelpWidth(WIDTH);
        line.setUsageHelpLongOptionsMaxWidth(OPTIONS_WIDTH);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(Duration.class, new TimeSpan());
        line.setParameterExceptionHandler(CommandLines::usageError);
        line.setExecutionExceptionHandler(new Failures());
        return line;
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
            if (e instanceof IOException) {
                line.getErr().println("cloister: " + e.getMessage());
                return ExitCodes.HOST;
            }
            throw e;
        }
    }
}
