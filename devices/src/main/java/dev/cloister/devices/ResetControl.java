package dev.cloister.devices;

import java.util.Objects;

/**
 * The reset control register RST_CNT at port 0xCF9 (Intel ICH9 data sheet, 13.7.5). A write that takes RST_CPU (bit 2) from 0 to 1
 * resets the machine, whichever kind of reset SYS_RST (bit 1) and FULL_RST (bit 3) choose. The register's address lies inside the PCI
 * address register's four bytes; only an access that begins at it reaches it (see {@link PortBus}).
 */
public final class ResetControl implements ByteDevice {
    /** Where it is. */
    public static final int PORT = 0xCF9;
    /** How many ports it takes. */
    public static final int PORTS = 1;

    private static final int RST_CPU = 0x04;
    private static final int SYS_RST = 0x02;
    private static final int FULL_RST = 0x08;

    private final MachineControl machine;
    private int register;

    /**
     * A reset register that reads 0.
     *
     * @param machine what it resets
     */
    public ResetControl(MachineControl machine) {
        this.machine = Objects.requireNonNull(machine);
    }

    @Override
    public synchronized int readByte(int offset) {
        return register;
    }

    @Override
    public void writeByte(int offset, int value) {
        boolean fires;
        synchronized (this) {
            fires = (value & ~register & RST_CPU) != 0;
            register = value & (SYS_RST | RST_CPU | FULL_RST);
        }
        if (fires) {
            machine.reset();
        }
    }
}
