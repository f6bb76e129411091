package dev.cloister.vmm.terminal;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Spawn;
import dev.cloister.linux.TerminalMode;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A shell that waits for this process's end and gives the terminal back where the process could not (SIGKILL, an end by the sandbox,
 * a crash of the JVM), unless somebody else has changed the settings by then. It is told of an end in order.
 */
final class TerminalKeeper implements AutoCloseable {
    private static final byte[] IN_ORDER = "end\n".getBytes(StandardCharsets.US_ASCII);
    private static final int WATCH_FD = 3;
    private static final String SCRIPT = """
        trap '' HUP INT QUIT TERM TSTP TTOU
        read -r end <&3 || { [ "$(stty -g)" = "$RAW" ] && stty "$FOUND"; }
        """;

    private final Fd watched;

    private TerminalKeeper(Fd watched) {
        this.watched = watched;
    }

    /**
     * Starts it.
     *
     * @param terminal the terminal's descriptor
     * @param mode its settings
     * @return the keeper
     * @throws ErrnoException where there is no shell
     */
    static TerminalKeeper start(int terminal, TerminalMode mode) throws ErrnoException {
        Pipe pipe = Pipe.create();
        boolean done = false;
        try (Fd end = pipe.readEnd()) {
            end.setNonBlocking(false);
            // Not closed: it is this process's standard input.
            Fd input = Fd.own(terminal);
            Spawn.command(List.of("/bin/sh", "-c", SCRIPT))
                    .environment("PATH", "/usr/bin:/bin")
                    .environment("FOUND", mode.foundText())
                    .environment("RAW", mode.rawText())
                    .fd(0, input)
                    .fd(WATCH_FD, end)
                    .start();
            input.release();
            done = true;
            return new TerminalKeeper(pipe.writeEnd());
        } finally {
            if (!done) {
                pipe.writeEnd().close();
            }
        }
    }

    /** Lets it go: the terminal has its settings back. */
    @Override
    public void close() {
        try {
            Pipe.write(watched, IN_ORDER, 0, IN_ORDER.length);
        } catch (ErrnoException e) {
            // It has ended before: nothing is left to be told.
            watched.close();
            return;
        }
        watched.close();
    }
}
