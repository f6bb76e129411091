package dev.cloister.cli.command;

import java.io.Serial;

/** Ends a command with a message on stderr and an exit code; the message says what failed and what to do. */
public final class CommandFailure extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * Makes the failure.
     *
     * @param exitCode one of {@link ExitCodes}
     * @param message what failed and what to do, without the command's name
     */
    public CommandFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** Makes the failure with what caused it, for the debugger's eyes: it is not printed. */
    public CommandFailure(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** Returns the process's exit code. */
    public int exitCode() {
        return exitCode;
    }
}
