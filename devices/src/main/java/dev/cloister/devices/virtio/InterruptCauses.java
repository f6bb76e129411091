package dev.cloister.devices.virtio;

import dev.cloister.devices.InterruptLine;

/** Why a device's line is high, until the driver has seen it: what both transports have as a register. Any thread. */
final class InterruptCauses {
    /** A queue has used buffers. */
    static final int QUEUE = 1;
    /** The configuration or the status has changed. */
    static final int CONFIG = 2;

    private final InterruptLine line;
    private int causes;

    /** None at first. */
    InterruptCauses(InterruptLine line) {
        this.line = line;
    }

    /** There is one more, perhaps. */
    synchronized void add(int cause) {
        causes |= cause;
        line.setLevel(true);
    }

    /** Looks at them and forgets them all. */
    synchronized int take() {
        int value = causes;
        causes = 0;
        line.setLevel(false);
        return value;
    }

    /** Looks at them. */
    synchronized int now() {
        return causes;
    }

    /** Forgets some. Of those that stay there is an edge, for who has missed the first. */
    synchronized void acknowledge(int seen) {
        causes &= ~seen;
        line.setLevel(false);
        if (causes != 0) {
            line.setLevel(true);
        }
    }
}
