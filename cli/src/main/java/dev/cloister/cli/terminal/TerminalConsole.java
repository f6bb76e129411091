package dev.cloister.cli.terminal;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.vmm.terminal.EscapeKey;
import dev.cloister.vmm.terminal.RawTerminal;
import dev.cloister.vmm.terminal.TerminalInput;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/** This process's terminal as a guest's console: what is typed, and the escape key's commands. */
public final class TerminalConsole {
    /** Carries the commands out. */
    public interface Actions {
        /** Leaves the guest. */
        void leave();

        /** Sends a break. */
        void sendBreak();
    }

    private final TerminalInput input = new TerminalInput(
            RawTerminal.isElsewhere() ? InputStream.nullInputStream() : new FileInputStream(FileDescriptor.in));
    private final PrintWriter err;

    /**
     * Makes it of standard input; nothing is read or changed yet.
     *
     * @param err takes what is said of the escape key
     */
    public TerminalConsole(PrintWriter err) {
        this.err = err;
    }

    /** What is typed for the guest. */
    public TerminalInput input() {
        return input;
    }

    /**
     * Makes standard input raw and looks for commands, if it is a terminal.
     *
     * @param leaving what leaving means, in words
     * @param commands which there are
     * @param actions carries them out
     * @return to be closed when the guest has ended
     */
    public Optional<RawTerminal> begin(String leaving, List<EscapeKey.Command> commands, Actions actions)
            throws CommandFailure {
        try {
            Optional<RawTerminal> terminal = RawTerminal.ofStdin();
            if (terminal.isPresent()) {
                watch(leaving, commands, actions);
            }
            return terminal;
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.HOST,
                    "this terminal can't be used raw: " + e.getMessage() + "; </dev/null runs without",
                    e);
        }
    }

    private void watch(String leaving, List<EscapeKey.Command> commands, Actions actions) {
        EscapeKey[] key = new EscapeKey[1];
        key[0] = new EscapeKey(
                command -> {
                    switch (command) {
                        case LEAVE -> actions.leave();
                        case BREAK -> actions.sendBreak();
                        case HELP, PREFIX -> key[0].help(leaving).forEach(this::say);
                    }
                },
                commands);
        input.watch(key[0]);
        say("Ctrl-A x " + leaving + ", Ctrl-A h shows more keys");
    }

    private void say(String line) {
        err.println("cloister: " + line);
        err.flush();
    }
}
