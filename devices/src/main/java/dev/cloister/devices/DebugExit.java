package dev.cloister.devices;

import java.util.Objects;

/** QEMU's {@code isa-debug-exit} at its usual place: a test guest ends its machine by writing its verdict. Reads give 0. */
public final class DebugExit implements PortDevice {
    /** Where it is. */
    public static final int PORT = 0xF4;
    /** How many ports it takes. */
    public static final int PORTS = 4;

    private final MachineControl machine;

    /**
     * A debug-exit port.
     *
     * @param machine what it ends
     */
    public DebugExit(MachineControl machine) {
        this.machine = Objects.requireNonNull(machine);
    }

    /**
     * The exit code that a written value stands for, as QEMU computes it and a shell sees it: never 0, so that success is a code of its
     * own choice.
     *
     * @param value what was written
     * @return {@code (value << 1 | 1) & 0xFF}
     */
    public static int exitCode(int value) {
        return (value << 1 | 1) & 0xFF;
    }

    @Override
    public long read(int offset, int size) {
        return 0;
    }

    @Override
    public void write(int offset, int size, long value) {
        machine.debugExit((int) value);
    }
}
