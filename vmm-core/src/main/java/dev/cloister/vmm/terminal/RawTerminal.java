package dev.cloister.vmm.terminal;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.TerminalMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Standard input while it is a raw terminal. Gives the terminal back its settings when closed, and by a shutdown hook when the process
 * ends otherwise but in order: by SIGTERM, SIGINT, SIGHUP, an exception or exit. Any thread.
 *
 * <p>A process that is killed (SIGKILL), or ended by its sandbox, can't: {@link TerminalKeeper} is for that.
 */
public final class RawTerminal implements AutoCloseable {
    /** The descriptor of standard input. */
    public static final int STDIN = 0;

    private final TerminalMode mode;
    private @Nullable TerminalKeeper keeper;
    private final Thread hook = new Thread(this::restore, "terminal");
    private boolean open = true;

    private RawTerminal(TerminalMode mode) {
        this.mode = mode;
    }

    /**
     * Makes standard input raw, if it is a terminal and this process is in its foreground.
     *
     * @return the terminal, to be closed; empty where there is none, or it is somebody else's now
     * @throws ErrnoException when the kernel refuses
     */
    public static Optional<RawTerminal> ofStdin() throws ErrnoException {
        TerminalMode mode = TerminalMode.of(STDIN).orElse(null);
        if (mode == null || !mode.isForeground()) {
            return Optional.empty();
        }
        RawTerminal made = new RawTerminal(mode);
        Runtime.getRuntime().addShutdownHook(made.hook);
        boolean done = false;
        try {
            made.keep();
            mode.setRaw();
            done = true;
            return Optional.of(made);
        } finally {
            if (!done) {
                made.close();
            }
        }
    }

    /**
     * Whether standard input is a terminal that this process may not read from now: a shell's job in the background would be stopped.
     *
     * @return true if somebody else is in the terminal's foreground
     */
    public static boolean isElsewhere() {
        return TerminalMode.of(STDIN).map(mode -> !mode.isForeground()).orElse(false);
    }

    private void keep() {
        try {
            keeper = TerminalKeeper.start(STDIN, mode);
        } catch (ErrnoException e) {
            // Without a shell the terminal stays raw where this process is killed.
            keeper = null;
        }
    }

    private synchronized void restore() {
        // A job that a shell has put into the background would be stopped, and the terminal is the shell's then.
        if (open && mode.isForeground()) {
            try {
                mode.restore();
            } catch (ErrnoException e) {
                // The terminal is gone: nobody misses its settings.
                open = false;
            }
        }
        open = false;
        if (keeper != null) {
            keeper.close();
            keeper = null;
        }
    }

    /** Gives the terminal back; a second call does nothing. */
    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: the hook does nothing more.
            return;
        }
    }
}
