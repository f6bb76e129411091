package dev.cloister.devices;

/**
 * What a device can ask of the machine. Called on the vCPU thread whose access caused it: implementations note the request and
 * return; they must not throw and must not wait for the vCPU.
 */
public interface MachineControl {
    /** The guest switched itself off. */
    void powerOff();

    /** The guest asked for a reset of the whole machine. */
    void reset();

    /**
     * The guest ended a test run by the debug-exit port.
     *
     * @param value what it wrote, zero-extended from the access's size; {@link DebugExit#exitCode} gives the process's exit code
     */
    void debugExit(int value);
}
