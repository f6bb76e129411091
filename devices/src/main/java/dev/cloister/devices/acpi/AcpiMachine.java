package dev.cloister.devices.acpi;

import java.util.List;
import java.util.Optional;

/**
 * What ACPI tables tell of a machine.
 *
 * @param processors how many there are; APIC id and ACPI processor number of each are its place, from 0 on
 * @param tables guest-physical address of the tables, a multiple of 64; {@link TableLoader#BASE} for
 *     tables that firmware will place
 * @param powerManagement first port of {@link PowerManagement}
 * @param sciIrq the interrupt line of the system control interrupt, level-triggered, 0 to 15
 * @param resetPort a port at which {@link #RESET_VALUE} resets the machine
 * @param serialPorts 16550s
 * @param pci the PCI host bridge, if there is one
 * @param virtio virtio devices that aren't functions of PCI
 */
public record AcpiMachine(
        int processors,
        long tables,
        int powerManagement,
        int sciIrq,
        int resetPort,
        List<SerialPort> serialPorts,
        Optional<PciRoot> pci,
        List<VirtioWindow> virtio) {
    /** What FADT tells guests to write to the reset register: SYS_RST and RST_CPU of port 0xCF9. */
    public static final int RESET_VALUE = 0x06;

    /** The local APICs' page. */
    static final int LOCAL_APIC = 0xFEE0_0000;

    /** The I/O APIC's page. */
    static final int IO_APIC = 0xFEC0_0000;

    private static final int MOST_PROCESSORS = 255;
    private static final int TABLE_ALIGNMENT = 64;

    /**
     * A serial port.
     *
     * @param port its first of eight I/O ports
     * @param irq its interrupt line, 0 to 15
     */
    public record SerialPort(int port, int irq) {}

    /**
     * A range of addresses.
     *
     * @param base the first address
     * @param bytes how many, above 0
     */
    public record Window(long base, long bytes) {
        /**
         * The last address.
         *
         * @return inclusive
         */
        public long last() {
            return base + bytes - 1;
        }
    }

    /**
     * A PCI host bridge with bus 0 alone.
     *
     * @param configuration guest-physical address of its memory-mapped configuration space, 1 MiB
     * @param windows32 where 32-bit BARs may lie
     * @param windows64 where 64-bit BARs may lie as well
     * @param firstGsi global system interrupt of INTx in slot 0; slot n has {@code firstGsi + n % gsis}
     * @param gsis how many global system interrupts the slots share
     * @param picIrqs inputs of the 8259s for INTx of slots 0, 1, … and then from the first again, for guests without I/O APIC
     */
    public record PciRoot(
            long configuration,
            List<Window> windows32,
            List<Window> windows64,
            int firstGsi,
            int gsis,
            List<Integer> picIrqs) {
        /** Copies the lists. */
        public PciRoot {
            windows32 = List.copyOf(windows32);
            windows64 = List.copyOf(windows64);
            picIrqs = List.copyOf(picIrqs);
        }
    }

    /**
     * A virtio device's registers (virtio 1.2, 4.2).
     *
     * @param registers where they are, below 4 GiB
     * @param gsi its global system interrupt, level-triggered, 16 or above
     */
    public record VirtioWindow(Window registers, int gsi) {}

    /** Checks the numbers and copies the lists. */
    public AcpiMachine {
        serialPorts = List.copyOf(serialPorts);
        virtio = List.copyOf(virtio);
        if (processors < 1 || processors > MOST_PROCESSORS) {
            throw new IllegalArgumentException(processors + " processors; expected 1 to " + MOST_PROCESSORS);
        }
        if (tables < TableLoader.BASE || tables % TABLE_ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "ACPI tables at gpa 0x" + Long.toHexString(tables) + "; expected a multiple of " + TABLE_ALIGNMENT);
        }
    }
}
