package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.util.List;
import java.util.function.BooleanSupplier;

/** The machine around the vCPUs, for the debugger. Any thread may call anything but {@link #awaitStill}, which vCPU threads must not. */
public interface DebugMachine {
    /**
     * The vCPUs.
     *
     * @return by number
     */
    List<DebugTarget> targets();

    /**
     * Guest-physical memory.
     *
     * @return the guest's memory, without devices
     */
    GuestMemory memory();

    /**
     * A context for walks of the guest's page tables.
     *
     * @return a new one with the processor's address width and page sizes
     */
    WalkContext walkContext();

    /**
     * Whether the guest is better shown as a 32-bit program: its image is one, and no vCPU is in long mode.
     *
     * @return false where in doubt
     */
    boolean isNarrow();

    /** Asks all vCPUs to stand still; returns at once. */
    void requestStop();

    /**
     * Waits until all vCPUs stand still, having asked them to.
     *
     * @return false if the machine is ending instead
     */
    boolean awaitStill();

    /**
     * Lets the vCPUs run.
     *
     * @return false if the machine is ending
     */
    boolean resume();

    /**
     * vCPU threads only: stands still as long as a condition holds or the machine is stopped.
     *
     * @param held the condition; looked at again after each {@link #resume}
     */
    void standWhile(BooleanSupplier held);

    /** Ends the guest as if its power were cut; returns at once. */
    void kill();

    /**
     * How the guest ended; asked after {@link Debugger#ended()}.
     *
     * @return the process's exit code, 0 to 255
     */
    int exitCode();

    /**
     * The registers for people.
     *
     * @param state a vCPU's registers
     * @return lines, each ended by a line feed
     */
    String describe(CpuState state);
}
