package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import java.util.OptionalLong;

/**
 * One vCPU as a debugger sees it, whatever executes it. Every method is called by the debugger's thread while the vCPU stands still
 * (all vCPUs stand still together); the vCPU's thread makes what it holds visible before it stands.
 */
public interface DebugTarget {
    /**
     * The vCPU's number.
     *
     * @return 0 for the first
     */
    int id();

    /**
     * The registers as they are now, vector and debug registers included.
     *
     * @return the target's own object; changes to it count after {@link #store()}
     * @throws ErrnoException where the host refuses
     */
    CpuState load() throws ErrnoException;

    /**
     * Takes over what was changed in the state of the last {@link #load()}; translations that depend on it are forgotten.
     *
     * @throws ErrnoException where the host refuses the values
     */
    void store() throws ErrnoException;

    /**
     * Reads a model-specific register without side effects.
     *
     * @param index the register
     * @return its value, or nothing where the vCPU has no such register
     */
    OptionalLong msr(int index);

    /**
     * What the vCPU does apart from running, for people.
     *
     * @return for example {@code halted} or {@code waits for its start}; empty if it executes instructions
     */
    String condition();
}
