package dev.cloister.vmm;

import dev.cloister.emulator.Disassembler;
import dev.cloister.vmm.sandbox.Sandbox;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.IOException;
import java.util.List;

/**
 * The sandbox of a process that runs a machine without a daemon. What the machine, its report and its streams need must be open: between
 * {@link Machine#open} and {@link Machine#start} is the place. Thread: the one that made the machine.
 */
public final class LoneSandbox {
    private LoneSandbox() {}

    /**
     * Enters it, for good; see {@link Sandbox#enterAlone}.
     *
     * @param virtio the machine's virtio devices: the files of its disks stay usable, as they are used
     * @param debug how the machine's guest is looked at: what that needs beyond a plain run is allowed as well
     * @throws IOException if the host can't (an ErrnoException) or the program's own tables can't be read; the process may then be
     *     confined in part
     */
    public static void enter(VirtioConfig virtio, DebugOptions debug) throws IOException {
        prepare();
        List<Integer> disks =
                virtio.disks().stream().map(disk -> disk.file().descriptor()).toList();
        GdbListener gdb = debug.gdb();
        if (debug.stops()) {
            Sandbox.enterAlone(
                    disks, gdb == null ? Sandbox.NO_LISTENER : gdb.stream().fd().number());
        } else {
            Sandbox.enterAlone(disks);
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
