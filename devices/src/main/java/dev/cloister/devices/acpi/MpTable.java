package dev.cloister.devices.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The MP table of a machine (Intel MultiProcessor Specification 1.4, chapter 4), for kernels from before ACPI, or without it: the floating
 * pointer structure, which such kernels search for in the BIOS area, and the configuration table right behind it. It tells of the same
 * processors, I/O APIC and interrupt lines as the MADT.
 */
final class MpTable {
    private static final int POINTER_BYTES = 16;
    private static final int HEADER_BYTES = 44;
    private static final int PROCESSOR_BYTES = 20;
    private static final int ENTRY_BYTES = 8;
    private static final int REVISION_1_4 = 4;

    private static final int PROCESSOR = 0;
    private static final int BUS = 1;
    private static final int IO_APIC = 2;
    private static final int IO_INTERRUPT = 3;
    private static final int LOCAL_INTERRUPT = 4;

    private static final int PCI_BUS = 0;
    private static final int ISA_BUS = 1;
    private static final int APIC_VERSION = 0x14;
    private static final int IO_APIC_VERSION = 0x20;
    private static final int ENABLED = 1;
    private static final int BOOT_PROCESSOR = 2;
    /** Family 6, as CPUID's signature; FPU and APIC. */
    private static final int SIGNATURE = 0x600;

    private static final int FEATURES = 0x201;
    private static final int NMI = 1;
    private static final int EXTERNAL = 3;
    /** Active high, level-triggered. */
    private static final int HIGH_LEVEL = 0x0D;

    private static final int ALL = 0xFF;
    private static final int ISA_IRQS = 16;
    private static final int CASCADE = 2;
    private static final int TIMER_PIN = 2;
    private static final int PCI_SLOTS = 32;

    private final AcpiMachine machine;
    private final ByteBuffer out;
    private int entries;

    private MpTable(AcpiMachine machine, int bytes) {
        this.machine = machine;
        this.out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Lays out pointer and table.
     *
     * @param machine what they tell
     * @param gpa where they will lie, a multiple of 16 in the BIOS area
     * @return their bytes, the pointer first
     */
    static byte[] at(AcpiMachine machine, long gpa) {
        int slots = machine.pci().isPresent() ? PCI_SLOTS : 0;
        int others = 2 + 1 + ISA_IRQS - 1 + slots + 2;
        MpTable table = new MpTable(
                machine, POINTER_BYTES + HEADER_BYTES + machine.processors() * PROCESSOR_BYTES + others * ENTRY_BYTES);
        table.out.position(POINTER_BYTES + HEADER_BYTES);
        table.entries();
        table.header();
        table.pointer(gpa);
        return table.out.array();
    }

    private void entries() {
        for (int i = 0; i < machine.processors(); i++) {
            entry(PROCESSOR).put((byte) i).put((byte) APIC_VERSION).put((byte)
                    (ENABLED | (i == 0 ? BOOT_PROCESSOR : 0)));
            out.putInt(SIGNATURE).putInt(FEATURES).putLong(0);
        }
        bus(PCI_BUS, "PCI   ");
        bus(ISA_BUS, "ISA   ");
        entry(IO_APIC)
                .put((byte) 0)
                .put((byte) IO_APIC_VERSION)
                .put((byte) ENABLED)
                .putInt(AcpiMachine.IO_APIC);
        for (int irq = 0; irq < ISA_IRQS; irq++) {
            if (irq != CASCADE) {
                interrupt(ISA_BUS, irq, irq == 0 ? TIMER_PIN : irq, irq == machine.sciIrq() ? HIGH_LEVEL : 0);
            }
        }
        machine.pci().ifPresent(this::slots);
        local(EXTERNAL, 0);
        local(NMI, 1);
    }

    /** INTA of each slot; the source is slot and pin (section D.3), the flags those of the bus. */
    private void slots(AcpiMachine.PciRoot root) {
        for (int slot = 0; slot < PCI_SLOTS; slot++) {
            interrupt(PCI_BUS, slot << 2, root.firstGsi() + slot % root.gsis(), 0);
        }
    }

    private ByteBuffer entry(int type) {
        entries++;
        return out.put((byte) type);
    }

    private void bus(int id, String type) {
        entry(BUS).put((byte) id).put(ascii(type));
    }

    private void interrupt(int bus, int source, int pin, int flags) {
        entry(IO_INTERRUPT)
                .put((byte) 0)
                .putShort((short) flags)
                .put((byte) bus)
                .put((byte) source);
        out.put((byte) 0).put((byte) pin);
    }

    private void local(int kind, int pin) {
        entry(LOCAL_INTERRUPT)
                .put((byte) kind)
                .putShort((short) 0)
                .put((byte) ISA_BUS)
                .put((byte) 0);
        out.put((byte) ALL).put((byte) pin);
    }

    private void header() {
        int length = out.position() - POINTER_BYTES;
        ByteBuffer header = out.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(POINTER_BYTES);
        header.put(ascii("PCMP"))
                .putShort((short) length)
                .put((byte) REVISION_1_4)
                .put((byte) 0);
        header.put(ascii("CLOISTER")).put(ascii("VIRTUAL PC  ")).putInt(0).putShort((short) 0);
        header.putShort((short) entries).putInt(AcpiMachine.LOCAL_APIC).putInt(0);
        seal(POINTER_BYTES, length, POINTER_BYTES + 7);
    }

    private void pointer(long gpa) {
        ByteBuffer pointer = out.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0);
        pointer.put(ascii("_MP_"))
                .putInt((int) gpa + POINTER_BYTES)
                .put((byte) 1)
                .put((byte) REVISION_1_4);
        seal(0, POINTER_BYTES, 10);
    }

    /** Sets the byte at {@code at} so that all sum up to 0. */
    private void seal(int start, int length, int at) {
        int sum = 0;
        for (int i = start; i < start + length; i++) {
            sum += out.get(i);
        }
        out.put(at, (byte) (out.get(at) - sum));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
