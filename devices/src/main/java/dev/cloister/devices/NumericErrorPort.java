package dev.cloister.devices;

import java.util.Objects;

/**
 * How a PC reports x87 errors where the processor's CR0.NE is clear (Intel SDM vol. 1, appendix D; Intel PIIX3 data sheet, 2.5.6): FERR# raises
 * IRQ 13, and a write to port F0h takes that back and asserts IGNNE# until the error is cleared, so that a handler can use the x87. Any thread.
 */
public final class NumericErrorPort implements ByteDevice {
    /** Where it is. */
    public static final int PORT = 0xF0;
    /** How many ports it takes. */
    public static final int PORTS = 1;
    /** The line that it drives. */
    public static final int IRQ = 13;

    private final InterruptLine line;
    private boolean error;
    private boolean ignored;

    /**
     * Wires it up; no error is pending.
     *
     * @param line IRQ 13
     */
    public NumericErrorPort(InterruptLine line) {
        this.line = Objects.requireNonNull(line);
    }

    /**
     * FERR#.
     *
     * @param asserted whether the processor has an error to report
     */
    public synchronized void setError(boolean asserted) {
        if (asserted && !error) {
            line.setLevel(true);
        }
        error = asserted;
        ignored &= asserted;
    }

    /**
     * IGNNE#.
     *
     * @return whether the processor may go on in spite of the error
     */
    public synchronized boolean ignoresError() {
        return ignored;
    }

    @Override
    public int readByte(int offset) {
        return 0xFF;
    }

    @Override
    public synchronized void writeByte(int offset, int value) {
        line.setLevel(false);
        ignored = error;
    }
}
