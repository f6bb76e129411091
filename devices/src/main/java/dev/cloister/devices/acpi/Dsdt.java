package dev.cloister.devices.acpi;

import dev.cloister.devices.acpi.AcpiMachine.PciRoot;
import dev.cloister.devices.acpi.AcpiMachine.SerialPort;
import dev.cloister.devices.acpi.AcpiMachine.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;

/**
 * The definition block of DSDT: processors, devices that cannot be found otherwise, and how to switch off. Names alone, except
 * that the routing of PCI's interrupts depends on the interrupt chips that the guest says it uses.
 */
final class Dsdt {
    private static final String INTERRUPT_MODEL = "\\PICM";
    private static final int SLOTS = 32;
    private static final int PINS = 4;
    private static final int CONFIGURATION_PORT = 0xCF8;
    private static final int CONFIGURATION_PORTS = 8;
    private static final int LAST_PORT = 0xFFFF;
    private static final long CONFIGURATION_BYTES = 1L << 20;
    /** As many as guests that know Q35 find there by its own registers. */
    private static final int POWER_PORTS = 128;

    private static final int UART_PORTS = 8;
    private static final int CMOS_PORT = 0x70;
    private static final int CMOS_IRQ = 8;
    private static final int KEYBOARD_DATA = 0x60;
    private static final int KEYBOARD_COMMAND = 0x64;
    private static final int KEYBOARD_IRQ = 1;
    private static final int MOUSE_IRQ = 12;

    private Dsdt() {}

    /** The terms of the block. */
    static byte[] terms(AcpiMachine machine) {
        List<byte[]> devices = new ArrayList<>();
        for (int i = 0; i < machine.processors(); i++) {
            devices.add(processor(i));
        }
        machine.pci().ifPresent(root -> devices.add(hostBridge(root)));
        devices.add(reserved(machine));
        for (int i = 0; i < machine.serialPorts().size(); i++) {
            devices.add(serial(i + 1, machine.serialPorts().get(i)));
        }
        devices.add(clock());
        devices.add(keyboard());
        devices.add(mouse());
        for (int i = 0; i < machine.virtio().size(); i++) {
            devices.add(virtio(i, machine.virtio().get(i)));
        }
        byte[] system = Aml.scope("\\_SB", devices.toArray(byte[][]::new));
        return Aml.list(interruptModel(), system, softOff());
    }

    /** What the guest says that it uses: 0, the 8259s, until it says 1, the I/O APIC (ACPI 6.5, 5.8.1). */
    private static byte[] interruptModel() {
        return Aml.list(
                Aml.name(INTERRUPT_MODEL, Aml.integer(0)),
                Aml.method("\\_PIC", 1, Aml.storeFirstArgument(INTERRUPT_MODEL)));
    }

    /** SLP_TYP of both control registers for soft-off, and two reserved values (ACPI 6.5, 7.4.2). */
    private static byte[] softOff() {
        byte[] type = Aml.integer(PowerManagement.SOFT_OFF_TYPE);
        return Aml.name("\\_S5", Aml.pack(type, type, Aml.integer(0), Aml.integer(0)));
    }

    private static byte[] processor(int number) {
        return Aml.device(
                String.format(Locale.ROOT, "C%03X", number),
                Aml.name("_HID", Aml.string("ACPI0007")),
                Aml.name("_UID", Aml.integer(number)));
    }

    /** A conventional bridge: nothing behind it is a PCI Express port, so there is nothing to negotiate by {@code _OSC}. */
    private static byte[] hostBridge(PciRoot root) {
        List<byte[]> windows = new ArrayList<>();
        windows.add(Resources.buses(0, 0));
        windows.add(Resources.ports(CONFIGURATION_PORT, CONFIGURATION_PORTS));
        windows.add(Resources.bridgePorts(0, CONFIGURATION_PORT - 1));
        windows.add(Resources.bridgePorts(CONFIGURATION_PORT + CONFIGURATION_PORTS, LAST_PORT));
        root.windows32().forEach(w -> windows.add(Resources.bridgeMemory32(w)));
        root.windows64().forEach(w -> windows.add(Resources.bridgeMemory64(w)));
        return Aml.device(
                "PCI0",
                Aml.name("_HID", Aml.eisaId("PNP0A03")),
                Aml.name("_SEG", Aml.integer(0)),
                Aml.name("_BBN", Aml.integer(0)),
                Aml.name("_UID", Aml.integer(0)),
                Resources.current(windows.toArray(byte[][]::new)),
                Aml.name(
                        "PR00",
                        routing(slot -> root.picIrqs().get(slot % root.picIrqs().size()))),
                Aml.name("PR01", routing(slot -> root.firstGsi() + slot % root.gsis())),
                Aml.method("_PRT", 0, Aml.when(INTERRUPT_MODEL, Aml.returned("PR01")), Aml.returned("PR00")));
    }

    /** Every pin of every slot at its interrupt, without link devices (ACPI 6.5, 6.2.13). */
    private static byte[] routing(IntUnaryOperator interrupts) {
        List<byte[]> routes = new ArrayList<>();
        for (int slot = 0; slot < SLOTS; slot++) {
            byte[] gsi = Aml.integer(interrupts.applyAsInt(slot));
            for (int pin = 0; pin < PINS; pin++) {
                byte[] allFunctions = Aml.integer((long) slot << Short.SIZE | 0xFFFF);
                routes.add(Aml.pack(allFunctions, Aml.integer(pin), Aml.integer(0), gsi));
            }
        }
        return Aml.pack(routes.toArray(byte[][]::new));
    }

    /** What belongs to the board and to no other device: guests must put nothing there. */
    private static byte[] reserved(AcpiMachine machine) {
        List<byte[]> places = new ArrayList<>();
        places.add(Resources.ports(machine.powerManagement(), POWER_PORTS));
        machine.pci()
                .ifPresent(root -> places.add(Resources.memory(new Window(root.configuration(), CONFIGURATION_BYTES))));
        return Aml.device(
                "MBRD",
                Aml.name("_HID", Aml.eisaId("PNP0C02")),
                Aml.name("_UID", Aml.integer(0)),
                Resources.current(places.toArray(byte[][]::new)));
    }

    private static byte[] serial(int number, SerialPort serial) {
        return Aml.device(
                "COM" + number,
                Aml.name("_HID", Aml.eisaId("PNP0501")),
                Aml.name("_UID", Aml.integer(number)),
                Resources.current(Resources.ports(serial.port(), UART_PORTS), Resources.irq(serial.irq())));
    }

    /** The identifier that QEMU's machines gave to these devices, and drivers know. */
    private static byte[] virtio(int number, AcpiMachine.VirtioWindow window) {
        return Aml.device(
                String.format(Locale.ROOT, "VR%02X", number),
                Aml.name("_HID", Aml.string("LNRO0005")),
                Aml.name("_UID", Aml.integer(number)),
                Resources.current(Resources.memory(window.registers()), Resources.sharedInterrupt(window.gsi())));
    }

    private static byte[] clock() {
        return Aml.device(
                "RTC",
                Aml.name("_HID", Aml.eisaId("PNP0B00")),
                Resources.current(Resources.ports(CMOS_PORT, 2), Resources.irq(CMOS_IRQ)));
    }

    private static byte[] keyboard() {
        return Aml.device(
                "KBD",
                Aml.name("_HID", Aml.eisaId("PNP0303")),
                Resources.current(
                        Resources.ports(KEYBOARD_DATA, 1),
                        Resources.ports(KEYBOARD_COMMAND, 1),
                        Resources.irq(KEYBOARD_IRQ)));
    }

    private static byte[] mouse() {
        return Aml.device("MOU", Aml.name("_HID", Aml.eisaId("PNP0F13")), Resources.current(Resources.irq(MOUSE_IRQ)));
    }
}
