package dev.cloister.devices.pci;

import dev.cloister.devices.InterruptLine;

/** A level-triggered line that several functions drive: high while any of them asserts it. Any thread. */
final class SharedLine {
    private final InterruptLine line;
    private int sources;
    private long asserted;

    SharedLine(InterruptLine line) {
        this.line = line;
    }

    /** A further source's own side of the line. At most 64. */
    synchronized InterruptLine source() {
        long bit = 1L << sources;
        if (++sources > Long.SIZE) {
            throw new IllegalStateException("more than 64 functions on one interrupt line");
        }
        return high -> set(bit, high);
    }

    private synchronized void set(long bit, boolean high) {
        long next = high ? asserted | bit : asserted & ~bit;
        if ((next != 0) != (asserted != 0)) {
            line.setLevel(next != 0);
        }
        asserted = next;
    }
}
