package dev.cloister.vmm.engine;

import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.channel.ChannelSignals;
import dev.cloister.vmm.ivshmem.GuestSlots;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.memory.GuestRam;
import dev.cloister.vmm.report.MachineException;
import java.util.List;

/**
 * What executes the guest's instructions. The machine around it (memory map, board, channels) is the same object under every engine;
 * an engine installs guest memory, runs vCPUs and raises interrupts.
 */
public interface Engine extends RunControl.Kicker, Board.Lines, ChannelSignals, GuestSlots, AutoCloseable {
    /** Which one it is. */
    dev.cloister.policy.model.Engine kind();

    /** Makes the pieces of the guest-physical space visible to the guest. */
    void install(List<GuestRam.Piece> pieces) throws ErrnoException;

    /** Before {@link #connect}: somebody looks at the guest. */
    void debugWith(MachineDebug looking) throws ErrnoException;

    /** Gives the vCPUs their surroundings and the first one its entry state; once, before anything runs. */
    void connect(GuestRam ram, Board board, RunControl control, EntryState entry, VcpuBody.Owner owner)
            throws ErrnoException;

    /**
     * Makes vCPUs, interrupt chips and timers anew, as after power-on: after the vCPU threads have ended, before {@link #install} and
     * {@link #connect}, which follow as they did at first. Lines and guest time that were handed out lead to the new ones.
     */
    void reset() throws ErrnoException, MachineException;

    /** The bodies of the vCPU threads, by vCPU number; none before {@link #connect}. */
    List<? extends VcpuBody> vcpus();

    /** The guest's time goes on: before vCPUs run. Engines whose clocks are not their own do nothing. */
    void startTime();

    /** The guest's time stands still: when vCPUs do. */
    void stopTime();

    @Override
    void close();
}
