package dev.cloister.vmm.process;

import dev.cloister.emulator.Disassembler;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.config.GdbListener;
import dev.cloister.vmm.report.ProcessFacts;
import dev.cloister.vmm.sandbox.Sandbox;
import dev.cloister.vmm.sandbox.SystemCallList;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The sandbox of a process that runs a machine without a daemon. What the machine, its report and its streams need must be open: between
 * {@link Machine#open} and {@link Machine#start} is the place. Thread: the one that made the machine.
 */
public final class LoneSandbox {
    private LoneSandbox() {}

    /**
     * What of the process is at consoles.
     *
     * @param terminal whether standard input is a raw terminal, to be given back at the end
     * @param listeners descriptors at which a console's or a port's other end connects
     */
    public record Consoles(boolean terminal, List<Integer> listeners) {
        /** None. */
        public static final Consoles NONE = new Consoles(false, List.of());

        /** Copies the list. */
        public Consoles {
            listeners = List.copyOf(listeners);
        }
    }

    /**
     * Enters it, for good; see {@link Sandbox#enterAlone}.
     *
     * @param virtio the machine's virtio devices: the descriptors behind them stay usable, as they are used
     * @param variables its firmware's variables, likewise
     * @param debug how the machine's guest is looked at: what that needs beyond a plain run is allowed as well
     * @param consoles terminal and sockets
     * @throws IOException if the host can't (an ErrnoException) or the program's own tables can't be read; the process may then be
     *     confined in part
     */
    public static void enter(
            VirtioConfig virtio, Optional<FirmwareVariables> variables, DebugOptions debug, Consoles consoles)
            throws IOException {
        prepare();
        int self = (int) ProcessHandle.current().pid();
        GdbListener gdb = debug.gdb();
        SystemCallList list = debug.stops()
                ? SystemCallList.loadForDebugging(
                        self,
                        gdb == null ? Sandbox.NO_LISTENER : gdb.stream().fd().number())
                : SystemCallList.load(self);
        list.withDisks(
                virtio.disks().stream().map(disk -> disk.file().descriptor()).toList());
        list.withTaps(virtio.networks().stream()
                .map(network -> network.port().descriptor())
                .toList());
        list.withPersistentMemory(Stream.concat(
                        virtio.memory().persistent().stream()
                                .map(range -> range.file().descriptor()),
                        variables.stream().map(FirmwareVariables::descriptor))
                .toList());
        list.withListeners(consoles.listeners());
        if (consoles.terminal()) {
            list.withTerminal();
        }
        Sandbox.enterAlone(list);
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
