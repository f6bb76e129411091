package dev.cloister.devices;

import static dev.cloister.devices.SerialRegisters.*;

import java.util.Objects;

/**
 * A 16550A serial port (National Semiconductor PC16550D data sheet, section 8).
 *
 * <p><b>Time.</b> A character takes no time on this wire. So the transmitter is always empty when the guest looks, and every write to
 * it brings the THRE interrupt again; a character timeout (section 8.4: four character times without traffic) is due as soon as fewer
 * bytes than the trigger level are in the receiver and the host has no more to give.
 *
 * <p><b>Where it is kinder than the chip.</b> Word length and divisor are kept and read back but don't cut bytes or stop the wire, so
 * that guests that never program them are still heard. LSR and MSR ignore writes (the data sheet keeps those for factory tests). The
 * modem inputs CTS, DSR and DCD are always active. Parity and framing errors don't occur; a break does when {@link #sendBreak} asks for
 * one.
 *
 * <p><b>Input.</b> {@link #offerInput} puts bytes in a bounded queue that stands for the far side of the wire with hardware flow
 * control: they move into the receiver only as it has room and the guest looks at it or has its interrupt enabled, so input never
 * overruns and a FIFO reset while the guest starts loses little.
 *
 * <p><b>Threads.</b> Safe for use by several threads; one lock. Output goes to the {@link ByteSink} with the lock held, which keeps its
 * order: the sink must be bounded in time.
 */
public final class Serial16550 implements ByteDevice, InputLine {
    /** First port of COM1. */
    public static final int COM1_PORT = 0x3F8;
    /** Interrupt line of COM1. */
    public static final int COM1_IRQ = 4;
    /** First port of COM2. */
    public static final int COM2_PORT = 0x2F8;
    /** Interrupt line of COM2. */
    public static final int COM2_IRQ = 3;
    /** How many ports it takes. */
    public static final int PORTS = 8;
    /** How many input bytes wait at most, beside those in the receiver. */
    public static final int INPUT_BYTES = 4096;

    private static final int PC_DIVISOR_AT_RESET = 12;
    private static final int ACTIVE_INPUTS = MSR_CTS | MSR_DSR | MSR_DCD;

    private final ByteSink sink;
    private final InterruptLine line;
    private final ByteFifo pending = new ByteFifo(INPUT_BYTES);
    private final ByteFifo receiver = new ByteFifo(FIFO_BYTES);
    private int divisor = PC_DIVISOR_AT_RESET;
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int scratch;
    private int inputs = ACTIVE_INPUTS;
    private int deltas;
    private boolean overrun;
    private boolean breakWaits;
    /** The receiver holds a break's zero and nothing else. */
    private boolean breakHeld;

    private boolean breakShown;
    private boolean transmitterInterrupt;
    private boolean high;
    private long transmitted;
    private long dropped;
    private Runnable onSpace = () -> {};

    /**
     * A port after reset.
     *
     * @param sink where transmitted bytes go
     * @param line its interrupt line
     */
    public Serial16550(ByteSink sink, InterruptLine line) {
        this.sink = Objects.requireNonNull(sink);
        this.line = Objects.requireNonNull(line);
    }

    /** Back to the state after power-on (section 8.1); input that waits on the wire stays there. */
    public synchronized void reset() {
        receiver.clear();
        breakWaits = false;
        forgetBreak();
        divisor = PC_DIVISOR_AT_RESET;
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        scratch = 0;
        inputs = ACTIVE_INPUTS;
        deltas = 0;
        overrun = false;
        transmitterInterrupt = false;
        update();
    }

    @Override
    public synchronized int offerInput(byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        int taken = Math.min(length, pending.space());
        for (int i = 0; i < taken; i++) {
            pending.add(source[offset + i]);
        }
        if ((ier & IER_RECEIVED) != 0) {
            pull();
        }
        update();
        return taken;
    }

    /**
     * Offers input, as much of it as there is room for.
     *
     * @param source the bytes
     * @return how many were taken
     */
    public int offerInput(byte[] source) {
        return offerInput(source, 0, source.length);
    }

    /**
     * Sends a break: the guest receives a zero with LSR's break bit, behind what is in the receiver already and before what waits
     * (section 8.5, LSR bit 4). One that comes before the last was received is the same.
     */
    public synchronized void sendBreak() {
        breakWaits = true;
        if ((ier & IER_RECEIVED) != 0) {
            pull();
        }
        update();
    }

    @Override
    public synchronized int inputSpace() {
        return pending.space();
    }

    @Override
    public synchronized void onInputSpace(Runnable listener) {
        onSpace = Objects.requireNonNull(listener);
    }

    /**
     * How many bytes the guest transmitted, loopback apart.
     *
     * @return the number of bytes
     */
    public synchronized long transmitted() {
        return transmitted;
    }

    /**
     * How many of them the sink dropped.
     *
     * @return the number of bytes
     */
    public synchronized long dropped() {
        return dropped;
    }

    @Override
    public synchronized int readByte(int offset) {
        int value = switch (offset & 7) {
            case DATA -> isDivisorLatch() ? divisor & 0xFF : receive();
            case INTERRUPT_ENABLE -> isDivisorLatch() ? divisor >>> 8 : ier;
            case INTERRUPT_IDENT -> identify();
            case LINE_CONTROL -> lcr;
            case MODEM_CONTROL -> mcr;
            case LINE_STATUS -> takeLineStatus();
            case MODEM_STATUS -> takeModemStatus();
            default -> scratch;
        };
        update();
        return value;
    }

    @Override
    public synchronized void writeByte(int offset, int value) {
        switch (offset & 7) {
            case DATA -> writeData(value);
            case INTERRUPT_ENABLE -> writeInterruptEnable(value);
            case INTERRUPT_IDENT -> writeFifoControl(value);
            case LINE_CONTROL -> lcr = value;
            case MODEM_CONTROL -> writeModemControl(value);
            case SCRATCH -> scratch = value;
            default -> {
                // Line and modem status are not written in use (sections 8.5 and 8.8).
            }
        }
        update();
    }

    private boolean isDivisorLatch() {
        return (lcr & LCR_DIVISOR_LATCH) != 0;
    }

    private boolean hasFifos() {
        return (fcr & FCR_ENABLE) != 0;
    }

    private boolean isLooped() {
        return (mcr & MCR_LOOP) != 0;
    }

    /** Moves waiting input into the receiver as far as it has room; in loopback the wire is cut off (section 8.6). */
    private void pull() {
        if (isLooped()) {
            return;
        }
        if (pullBreak()) {
            return;
        }
        int capacity = hasFifos() ? FIFO_BYTES : 1;
        boolean wasFull = pending.isFull();
        while (receiver.count() < capacity && !pending.isEmpty()) {
            receiver.add(pending.take());
        }
        if (wasFull && !pending.isFull()) {
            onSpace.run();
        }
    }

    /** Shows a break that waits once the receiver is empty; returns whether it holds back what comes behind it. */
    private boolean pullBreak() {
        if (breakWaits && receiver.isEmpty()) {
            breakWaits = false;
            receiver.add((byte) 0);
            breakHeld = true;
            breakShown = true;
        }
        return breakWaits || breakHeld;
    }

    private int receive() {
        pull();
        if (receiver.isEmpty()) {
            return 0;
        }
        int value = receiver.take() & 0xFF;
        forgetBreak();
        pull();
        return value;
    }

    private void forgetBreak() {
        breakHeld = false;
        breakShown = false;
    }

    private int identify() {
        pull();
        int id = pendingInterrupt();
        if (id == IIR_TRANSMITTER_EMPTY) {
            // Reading IIR resets this one if it is the source (section 8.7, table III).
            transmitterInterrupt = false;
        }
        return id | (hasFifos() ? IIR_FIFOS : 0);
    }

    /** The highest-priority interrupt that is enabled and pending (table III). */
    private int pendingInterrupt() {
        if ((ier & IER_LINE_STATUS) != 0 && (lineStatus() & LSR_ERRORS) != 0) {
            return IIR_LINE_STATUS;
        }
        if ((ier & IER_RECEIVED) != 0 && !receiver.isEmpty()) {
            boolean timeout = hasFifos() && receiver.count() < triggerLevel(fcr);
            return timeout ? IIR_TIMEOUT : IIR_RECEIVED;
        }
        if ((ier & IER_TRANSMITTER_EMPTY) != 0 && transmitterInterrupt) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if ((ier & IER_MODEM_STATUS) != 0 && deltas != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private int lineStatus() {
        return LSR_HOLDING_EMPTY
                | LSR_TRANSMITTER_EMPTY
                | (receiver.isEmpty() ? 0 : LSR_DATA_READY)
                | (overrun ? LSR_OVERRUN : 0)
                | (breakShown ? LSR_BREAK : 0);
    }

    private int takeLineStatus() {
        pull();
        int value = lineStatus();
        overrun = false;
        breakShown = false;
        return value;
    }

    private int takeModemStatus() {
        int value = inputs | deltas;
        deltas = 0;
        return value;
    }

    private void writeData(int value) {
        if (isDivisorLatch()) {
            divisor = divisor & 0xFF00 | value;
            return;
        }
        // The holding register fills, which takes the interrupt away, and empties at once, which brings it back: the
        // line must fall
        // in between, since the PC's interrupt controller looks for edges.
        transmitterInterrupt = false;
        update();
        if (isLooped()) {
            loopBack((byte) value);
        } else {
            transmitted++;
            if (!sink.put((byte) value)) {
                dropped++;
            }
        }
        transmitterInterrupt = true;
    }

    private void loopBack(byte value) {
        if (hasFifos()) {
            // A character beyond the sixteenth is lost; the FIFO keeps what it has (section 8.5, LSR bit 1).
            overrun |= !receiver.add(value);
            return;
        }
        overrun |= !receiver.isEmpty();
        receiver.clear();
        receiver.add(value);
    }

    private void writeInterruptEnable(int value) {
        if (isDivisorLatch()) {
            divisor = divisor & 0xFF | value << 8;
            return;
        }
        int before = ier;
        ier = value & IER_BITS;
        if ((ier & ~before & IER_TRANSMITTER_EMPTY) != 0) {
            transmitterInterrupt = true;
        }
        if ((ier & IER_RECEIVED) != 0) {
            pull();
        }
    }

    private void writeFifoControl(int value) {
        boolean enable = (value & FCR_ENABLE) != 0;
        // A change of mode empties both FIFOs; without bit 0 no other bit is programmed (section 8.3, FCR bit 0).
        if (enable != hasFifos() || enable && (value & FCR_CLEAR_RECEIVER) != 0) {
            receiver.clear();
            forgetBreak();
        }
        fcr = enable ? value & ~(FCR_CLEAR_RECEIVER | FCR_CLEAR_TRANSMITTER) : 0;
        if ((ier & IER_RECEIVED) != 0) {
            pull();
        }
    }

    private void writeModemControl(int value) {
        mcr = value & MCR_BITS;
        int now = isLooped() ? loopedInputs(mcr) : ACTIVE_INPUTS;
        deltas |= deltas(inputs, now);
        inputs = now;
        if ((ier & IER_RECEIVED) != 0) {
            pull();
        }
    }

    /**
     * Drives the line; in loopback it is inactive. A PC's first serial cards let OUT2 gate it, later chips do not, and kernels that were
     * written for virtual machines (xv6, JOS) leave OUT2 off and wait for interrupts.
     */
    private void update() {
        boolean now = (mcr & MCR_LOOP) == 0 && pendingInterrupt() != IIR_NONE;
        if (now != high) {
            high = now;
            line.setLevel(now);
        }
    }
}
