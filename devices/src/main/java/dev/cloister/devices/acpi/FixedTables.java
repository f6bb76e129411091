package dev.cloister.devices.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Bodies of the tables with fixed fields: FADT, FACS, MADT, MCFG (ACPI 6.5, 5.2.9 to 5.2.12; PCI firmware specification 3.3, 4.1.2). */
final class FixedTables {
    static final int FADT_REVISION = 6;
    /** The one that belongs to FADT 6.5: the FADT's version is that of the whole set (ACPI 6.5, 5.2.9, 5.2.12). */
    static final int MADT_REVISION = 6;

    private static final int FADT_BODY = 276 - 36;
    private static final int FADT_MINOR_REVISION = 5;
    private static final int SYSTEM_IO = 1;
    /** A C2 or C3 latency that says: not supported. */
    private static final int NO_C2 = 0x0FFF;

    private static final int NO_C3 = 0x0FFF;
    private static final int CENTURY = 0x32;
    /** Legacy devices, an 8042, no VGA to probe for. */
    private static final int BOOT_ARCHITECTURE = 1 | 1 << 1 | 1 << 2;
    /** WBINVD works, C1 works, no sleep button, a 32-bit timer, a reset register. */
    private static final int FLAGS = 1 | 1 << 2 | 1 << 5 | 1 << 8 | 1 << 10;

    private static final int FACS_BYTES = 64;
    private static final int LOCAL_APIC = 0;
    private static final int IO_APIC = 1;
    private static final int SOURCE_OVERRIDE = 2;
    private static final int LOCAL_APIC_NMI = 4;
    private static final int ENABLED = 1;
    private static final int PC_AT_COMPATIBLE = 1;
    private static final int TIMER_PIN = 2;
    private static final int ACTIVE_HIGH_LEVEL = 0b1101;
    private static final int ALL_PROCESSORS = 0xFF;
    private static final int NMI_INPUT = 1;

    private FixedTables() {}

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] facs() {
        ByteBuffer out = buffer(FACS_BYTES);
        out.put("FACS".getBytes(StandardCharsets.US_ASCII)).putInt(FACS_BYTES);
        return out.put(32, (byte) 2).array();
    }

    /** Offsets are those of the specification's table 5.9, less the header's 36 bytes. */
    static byte[] fadt(AcpiMachine machine, long facs, long dsdt) {
        ByteBuffer out = buffer(FADT_BODY);
        int events = machine.powerManagement();
        int control = events + PowerManagement.CONTROL;
        int timer = events + PowerManagement.TIMER;
        out.putInt((int) facs).putInt((int) dsdt);
        // Preferred profile unspecified; always in ACPI mode: no SMI command port.
        out.putShort(46 - 36, (short) machine.sciIrq());
        out.putInt(56 - 36, events).putInt(64 - 36, control).putInt(76 - 36, timer);
        out.put(88 - 36, (byte) PowerManagement.CONTROL);
        out.put(89 - 36, (byte) PowerManagement.CONTROL_BYTES);
        out.put(91 - 36, (byte) PowerManagement.TIMER_BYTES);
        out.putShort(96 - 36, (short) NO_C2).putShort(98 - 36, (short) NO_C3);
        out.put(108 - 36, (byte) CENTURY).putShort(109 - 36, (short) BOOT_ARCHITECTURE);
        out.putInt(112 - 36, FLAGS);
        address(out, 116 - 36, machine.resetPort(), 1);
        out.put(128 - 36, (byte) AcpiMachine.RESET_VALUE).put(131 - 36, (byte) FADT_MINOR_REVISION);
        out.putLong(140 - 36, dsdt);
        address(out, 148 - 36, events, PowerManagement.CONTROL);
        address(out, 172 - 36, control, PowerManagement.CONTROL_BYTES);
        address(out, 208 - 36, timer, PowerManagement.TIMER_BYTES);
        out.put(268 - 36, "CLOISTER".getBytes(StandardCharsets.US_ASCII));
        return out.array();
    }

    /** A generic address structure of ports (ACPI 6.5, 5.2.3.2). */
    private static void address(ByteBuffer out, int at, int port, int bytes) {
        out.put(at, (byte) SYSTEM_IO).put(at + 1, (byte) (Byte.SIZE * bytes));
        out.put(at + 3, (byte) (1 + Integer.numberOfTrailingZeros(bytes)));
        out.putLong(at + 4, port);
    }

    static byte[] madt(AcpiMachine machine) {
        ByteBuffer out = buffer(8 + 8 * machine.processors() + 12 + 2 * 10 + 6);
        out.putInt(AcpiMachine.LOCAL_APIC).putInt(PC_AT_COMPATIBLE);
        for (int i = 0; i < machine.processors(); i++) {
            entry(out, LOCAL_APIC, 8);
            out.put((byte) i).put((byte) i).putInt(ENABLED);
        }
        entry(out, IO_APIC, 12);
        out.put((byte) 0).put((byte) 0).putInt(AcpiMachine.IO_APIC).putInt(0);
        sourceOverride(out, 0, TIMER_PIN, 0);
        sourceOverride(out, machine.sciIrq(), machine.sciIrq(), ACTIVE_HIGH_LEVEL);
        entry(out, LOCAL_APIC_NMI, 6);
        out.put((byte) ALL_PROCESSORS).putShort((short) 0).put((byte) NMI_INPUT);
        return out.array();
    }

    private static void entry(ByteBuffer out, int type, int bytes) {
        out.put((byte) type).put((byte) bytes);
    }

    private static void sourceOverride(ByteBuffer out, int irq, int gsi, int flags) {
        entry(out, SOURCE_OVERRIDE, 10);
        out.put((byte) 0).put((byte) irq).putInt(gsi).putShort((short) flags);
    }

    /** One segment, bus 0 alone. */
    static byte[] mcfg(AcpiMachine.PciRoot root) {
        return buffer(8 + 16).putLong(8, root.configuration()).array();
    }
}
