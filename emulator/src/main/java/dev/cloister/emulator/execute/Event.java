package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;

/** One event on its way through the interrupt table; reused. */
final class Event {
    private static final int IN_TABLE = 2;

    int vector;
    /** One of {@link EventDelivery}'s constants. */
    int source;

    long returnRip;
    long savedFlags;
    int errorCode;
    boolean pushesError;

    void set(int vector, int source, long returnRip, long savedFlags) {
        this.vector = vector;
        this.source = source;
        this.returnRip = returnRip;
        this.savedFlags = savedFlags;
        errorCode = 0;
        pushesError = false;
    }

    /** Words of its frame: flags, CS, IP, and the error code if there is one. */
    int words() {
        return pushesError ? 4 : 3;
    }

    /** Whether the gate's DPL must allow the present CPL. */
    boolean isChecked() {
        return source == EventDelivery.SOFTWARE || source == EventDelivery.TRAP;
    }

    /** A fault that names this event's gate. */
    CpuException fault(Execution x, int raised) {
        return x.fault(raised, vector << 3 | IN_TABLE);
    }
}
