package dev.cloister.devices;

/** Offsets and bits of the 16550A's registers (National Semiconductor PC16550D data sheet, June 1995, section 8 and table II). */
final class SerialRegisters {
    static final int DATA = 0;
    static final int INTERRUPT_ENABLE = 1;
    static final int INTERRUPT_IDENT = 2;
    static final int LINE_CONTROL = 3;
    static final int MODEM_CONTROL = 4;
    static final int LINE_STATUS = 5;
    static final int MODEM_STATUS = 6;
    static final int SCRATCH = 7;

    static final int IER_RECEIVED = 0x01;
    static final int IER_TRANSMITTER_EMPTY = 0x02;
    static final int IER_LINE_STATUS = 0x04;
    static final int IER_MODEM_STATUS = 0x08;
    static final int IER_BITS = 0x0F;

    static final int IIR_MODEM_STATUS = 0x00;
    static final int IIR_NONE = 0x01;
    static final int IIR_TRANSMITTER_EMPTY = 0x02;
    static final int IIR_RECEIVED = 0x04;
    static final int IIR_LINE_STATUS = 0x06;
    static final int IIR_TIMEOUT = 0x0C;
    static final int IIR_FIFOS = 0xC0;

    static final int FCR_ENABLE = 0x01;
    static final int FCR_CLEAR_RECEIVER = 0x02;
    static final int FCR_CLEAR_TRANSMITTER = 0x04;
    static final int FCR_TRIGGER_SHIFT = 6;

    static final int LCR_DIVISOR_LATCH = 0x80;

    static final int MCR_DTR = 0x01;
    static final int MCR_RTS = 0x02;
    static final int MCR_OUT1 = 0x04;
    static final int MCR_OUT2 = 0x08;
    static final int MCR_LOOP = 0x10;
    static final int MCR_BITS = 0x1F;

    static final int LSR_DATA_READY = 0x01;
    static final int LSR_OVERRUN = 0x02;
    static final int LSR_BREAK = 0x10;
    static final int LSR_ERRORS = 0x1E;
    static final int LSR_HOLDING_EMPTY = 0x20;
    static final int LSR_TRANSMITTER_EMPTY = 0x40;

    static final int MSR_DELTA_CTS = 0x01;
    static final int MSR_DELTA_DSR = 0x02;
    static final int MSR_TRAILING_RI = 0x04;
    static final int MSR_DELTA_DCD = 0x08;
    static final int MSR_DELTAS = 0x0F;
    static final int MSR_CTS = 0x10;
    static final int MSR_DSR = 0x20;
    static final int MSR_RI = 0x40;
    static final int MSR_DCD = 0x80;

    static final int FIFO_BYTES = 16;

    private SerialRegisters() {}

    /** Receiver trigger level for FCR bits 7:6 (PC16550D section 8.4, table on RCVR FIFO trigger level). */
    static int triggerLevel(int fcr) {
        return switch (fcr >>> FCR_TRIGGER_SHIFT & 3) {
            case 0 -> 1;
            case 1 -> 4;
            case 2 -> 8;
            default -> 14;
        };
    }

    /** The modem inputs that the loopback of the modem outputs gives (section 8.6, MCR bit 4). */
    static int loopedInputs(int mcr) {
        return ((mcr & MCR_RTS) != 0 ? MSR_CTS : 0)
                | ((mcr & MCR_DTR) != 0 ? MSR_DSR : 0)
                | ((mcr & MCR_OUT1) != 0 ? MSR_RI : 0)
                | ((mcr & MCR_OUT2) != 0 ? MSR_DCD : 0);
    }

    /** The delta bits that a change of modem inputs sets (section 8.8): RI counts only as it goes away. */
    static int deltas(int before, int after) {
        int changed = before ^ after;
        return ((changed & MSR_CTS) != 0 ? MSR_DELTA_CTS : 0)
                | ((changed & MSR_DSR) != 0 ? MSR_DELTA_DSR : 0)
                | ((before & ~after & MSR_RI) != 0 ? MSR_TRAILING_RI : 0)
                | ((changed & MSR_DCD) != 0 ? MSR_DELTA_DCD : 0);
    }
}
