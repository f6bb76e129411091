package dev.cloister.devices;

import java.util.Objects;

/**
 * The ACPI power management control register PM1a_CNT (ACPI 6.5, 4.8.3.2.1; Intel ICH9 data sheet, 13.8.3.3) as far as switching off
 * needs it: a write with SLP_EN (bit 13) and SLP_TYP (bits 12:10) 0 is soft-off on QEMU's machines. So {@code outw 0x2000} to
 * {@link #Q35_PORT}, as on QEMU's PC and Q35 machines, or to {@link #BOCHS_PORT}, as on Bochs and old QEMU, switches off. Other sleep
 * types are ignored. It needs no ACPI tables.
 */
public final class PowerOffPort implements ByteDevice {
    /** PM1a_CNT where QEMU's firmware puts it: PMBASE 0x600, offset 4. */
    public static final int Q35_PORT = 0x604;
    /** PM1a_CNT of Bochs and of QEMU before version 2: PMBASE 0xB000, offset 4. */
    public static final int BOCHS_PORT = 0xB004;
    /** How many ports it takes. */
    public static final int PORTS = 2;

    private static final int SCI_EN = 0x0001;
    private static final int SLP_EN = 0x2000;
    private static final int SLP_TYP = 0x1C00;
    private static final int READ_ONLY_ZERO = SLP_EN;

    private final MachineControl machine;
    private int register = SCI_EN;

    /**
     * A power-off register.
     *
     * @param machine what it switches off
     */
    public PowerOffPort(MachineControl machine) {
        this.machine = Objects.requireNonNull(machine);
    }

    @Override
    public synchronized int readByte(int offset) {
        return register >>> (8 * offset) & 0xFF;
    }

    @Override
    public void writeByte(int offset, int value) {
        boolean fires;
        synchronized (this) {
            int shift = 8 * offset;
            int next = register & ~(0xFF << shift) | value << shift;
            // SLP_EN lies in the high byte: a word's low byte is in place before it can fire.
            fires = (next & SLP_EN) != 0 && (next & SLP_TYP) == 0;
            register = next & ~READ_ONLY_ZERO;
        }
        if (fires) {
            machine.powerOff();
        }
    }
}
