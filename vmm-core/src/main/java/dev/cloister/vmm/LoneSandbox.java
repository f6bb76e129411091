package dev.cloister.vmm;

import dev.cloister.emulator.Disassembler;
import dev.cloister.vmm.sandbox.Sandbox;
import java.io.IOException;

/**
 * The sandbox of a process that runs a machine without a daemon. What the machine, its report and its streams need must be open: between
 * {@link Machine#open} and {@link Machine#start} is the place. Thread: the one that made the machine.
 */
public final class LoneSandbox {
    private LoneSandbox() {}

    /**
     * Enters it, for good; see {@link Sandbox#enterAlone}.
     *
     * @param debug how the machine's guest is looked at: what that needs beyond a plain run is allowed as well
     * @throws IOException if the host can't (an ErrnoException) or the program's own tables can't be read; the process may then be
     *     confined in part
     */
    public static void enter(DebugOptions debug) throws IOException {
        prepare();
        GdbListener gdb = debug.gdb();
        if (debug.stops()) {
            Sandbox.enterAlone(
                    gdb == null ? Sandbox.NO_LISTENER : gdb.stream().fd().number());
        } else {
            Sandbox.enterAlone();
        }
    }

    /**
     * Does everything but enter: what trains a cache of classes.
     *
     * @throws IOException if the program's own tables can't be read
     */
    public static void rehearse() throws IOException {
        prepare();
        Sandbox.aloneProgram();
    }

    private static void prepare() throws IOException {
        ProcessFacts.openAll();
        Disassembler.prefetch();
    }
}
