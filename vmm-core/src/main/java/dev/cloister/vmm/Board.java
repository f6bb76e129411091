package dev.cloister.vmm;

import dev.cloister.devices.Cmos;
import dev.cloister.devices.DebugExit;
import dev.cloister.devices.DebugPort;
import dev.cloister.devices.DeviceFailure;
import dev.cloister.devices.DeviceFailureListener;
import dev.cloister.devices.I8042;
import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MachineControl;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.PostPort;
import dev.cloister.devices.PowerOffPort;
import dev.cloister.devices.ProcessorCount;
import dev.cloister.devices.ResetControl;
import dev.cloister.devices.Serial16550;
import dev.cloister.devices.TestDevice;
import dev.cloister.devices.TextDisplay;
import dev.cloister.devices.acpi.AcpiMachine;
import dev.cloister.devices.acpi.AcpiTables;
import dev.cloister.devices.acpi.PowerManagement;
import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import dev.cloister.devices.timer.Pit8254;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.virtio.VirtioSet;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The buses of one machine with the devices on them, and what devices ask of the machine. The same under every engine: KVM's exits and
 * the emulator's accesses end here. Any vCPU thread; allocates nothing on an access.
 */
final class Board implements MachineControl, DeviceFailureListener, PortIo, GuestLinearMemory.Devices {
    /** How the board reaches the interrupt chips. */
    interface Lines {
        /** The line of a GSI. */
        InterruptLine line(int gsi);

        /** Delivers a message-signalled interrupt; any thread. */
        void message(long address, int data);
    }

    private final PortBus ports = new PortBus(this);
    private final MmioBus mmio = new MmioBus(this);
    private final GuestMemory memory;
    private final RunControl control;
    private final Violations violations;
    private final Serial16550 com1;
    private final TextDisplay display = new TextDisplay();
    private final PciHost pci;
    private final VirtioSet virtio;
    private final int cpus;
    private final ConsoleTail console;

    Board(MachineConfig config, GuestMemory memory, RunControl control, Violations violations, Wires wires)
            throws MachineException {
        this.memory = memory;
        this.control = control;
        this.cpus = config.cpus();
        this.console = wires.console();
        this.violations = violations;
        this.com1 = new Serial16550(wires.console(), wires.lines().line(Serial16550.COM1_IRQ));
        this.pci = new PciHost(
                List.of(
                        new PciWindow(GuestMap.PCI_LOW, DirectoryLayout.DIRECTORY_GPA - GuestMap.PCI_LOW),
                        new PciWindow(GuestMap.PCI_HIGH, GuestMap.PCI_END - GuestMap.PCI_HIGH)),
                wires.lines()::line);
        try {
            this.virtio = new VirtioSet(config.virtio(), pci, memory, wires.lines()::message);
        } catch (IllegalArgumentException e) {
            throw MachineException.input(e);
        }
        attach(config, wires);
    }

    /**
     * What the board's devices are connected to.
     *
     * @param console where serial and debug ports print
     * @param lines the interrupt chips
     * @param nanos the guest's time, for the ACPI timer
     */
    record Wires(ConsoleTail console, Lines lines, LongSupplier nanos) {}

    private void attach(MachineConfig config, Wires wires) {
        ports.attach(Serial16550.COM1_PORT, Serial16550.PORTS, com1, "COM1");
        DebugPort debug = new DebugPort(wires.console());
        if (config.testDevice()) {
            // Its ports are where Bochs' console is: a program that looks for the one does not look for the other.
            new TestDevice(wires.lines()::line, InterruptChips.LINES).attachTo(ports, mmio);
        } else {
            ports.attach(DebugPort.BOCHS_PORT, DebugPort.PORTS, debug, "debug console");
        }
        ports.attach(DebugPort.FIRMWARE_PORT, DebugPort.PORTS, debug, "firmware debug console");
        ports.attach(TextDisplay.PORT, TextDisplay.PORTS, display, "text display");
        ports.attach(PostPort.PORT, PostPort.PORTS, new PostPort(), "POST code");
        new I8042(this, wires.lines().line(I8042.IRQ)).attachTo(ports);
        long low = Math.min(config.memoryBytes(), GuestMap.LOW_RAM_END);
        Cmos.Machine machine = new Cmos.Machine(low, config.memoryBytes() - low, config.cpus());
        ports.attach(Cmos.PORT, Cmos.PORTS, new Cmos(machine, Clock.systemUTC()), "CMOS");
        ports.attach(
                ProcessorCount.PORT, ProcessorCount.PORTS, new ProcessorCount(config.cpus()), "number of processors");
        pci.attachTo(ports, new ResetControl(this), mmio, GuestMap.PCI_ECAM);
        ports.attach(
                GuestMap.PM_PORT,
                PowerManagement.PORTS,
                new PowerManagement(this, wires.lines().line(GuestMap.SCI_IRQ), wires.nanos()),
                "power management");
        ports.attach(PowerOffPort.BOCHS_PORT, PowerOffPort.PORTS, new PowerOffPort(this), "old power off");
        if (config.debugExit()) {
            ports.attach(DebugExit.PORT, DebugExit.PORTS, new DebugExit(this), "debug exit");
        }
    }

    /** COM1, for input. */
    Serial16550 serial() {
        return com1;
    }

    /** The PCI bus; functions join it before the guest runs. */
    PciHost pci() {
        return pci;
    }

    /** Starts the threads of devices that have some; once, before the guest runs. */
    void start() {
        virtio.start();
    }

    /** Ends them: no device touches guest memory after this. */
    void close() {
        virtio.close();
    }

    /** What devices want to say at the end. */
    List<String> notes() {
        return virtio.notes();
    }

    /** What the guest is told of the board. */
    AcpiTables acpi() {
        return AcpiTables.of(new AcpiMachine(
                cpus,
                GuestMap.ACPI_TABLES,
                GuestMap.PM_PORT,
                GuestMap.SCI_IRQ,
                ResetControl.PORT,
                List.of(new AcpiMachine.SerialPort(Serial16550.COM1_PORT, Serial16550.COM1_IRQ)),
                Optional.of(pciRoot())));
    }

    private AcpiMachine.PciRoot pciRoot() {
        List<AcpiMachine.Window> narrow = new ArrayList<>();
        List<AcpiMachine.Window> wide = new ArrayList<>();
        for (PciWindow each : pci.windows()) {
            boolean low = each.end() <= GuestMap.HIGH_RAM;
            (low ? narrow : wide).add(new AcpiMachine.Window(each.base(), each.length()));
        }
        return new AcpiMachine.PciRoot(GuestMap.PCI_ECAM, narrow, wide, PciHost.FIRST_GSI, PciHost.GSIS);
    }

    /** Puts a further device on the port bus. */
    void attach(int base, int length, PortDevice device, String name) {
        ports.attach(base, length, device, name);
    }

    /** Puts an engine's own interrupt chips and timer on the buses. */
    void attach(InterruptChips chips, Pit8254 timer) {
        chips.attachTo(ports, mmio);
        timer.attachTo(ports);
    }

    /** A port read; all ones where nothing answers. */
    long portRead(int port, int size) {
        return ports.read(port, size);
    }

    /** A port write. */
    void portWrite(int port, int size, long value) {
        ports.write(port, size, value);
    }

    @Override
    public int in(int port, int size) {
        return (int) ports.read(port, size);
    }

    @Override
    public void out(int port, int size, int value) {
        ports.write(port, size, Integer.toUnsignedLong(value));
    }

    @Override
    public long mmioRead(long gpa, int size) {
        if (inChannelArea(gpa)) {
            violations.outOfWindow(false, gpa, size);
        }
        return mmio.read(gpa, size);
    }

    @Override
    public void mmioWrite(long gpa, int size, long value) {
        if (inChannelArea(gpa)) {
            if (memory.contains(gpa, 1, false)) {
                violations.readOnlyWrite(memory, gpa, size, value);
                return;
            }
            violations.outOfWindow(true, gpa, size);
        }
        mmio.write(gpa, size, value);
    }

    private static boolean inChannelArea(long gpa) {
        return gpa >= DirectoryLayout.DIRECTORY_GPA && gpa < DirectoryLayout.WINDOWS_END_GPA;
    }

    /** What nobody answered so far. */
    Report.Unclaimed unclaimed() {
        return new Report.Unclaimed(
                ports.unclaimedReads(), ports.unclaimedWrites(), mmio.unclaimedReads(), mmio.unclaimedWrites());
    }

    /** The most used addresses that nobody answered, one line each; for reports. */
    java.util.List<String> topUnclaimed() {
        java.util.List<String> lines = new java.util.ArrayList<>();
        ports.topUnclaimed()
                .forEach(u -> lines.add("unclaimed port 0x" + Long.toHexString(u.address()) + ": " + u.count()));
        mmio.topUnclaimed()
                .forEach(u -> lines.add("unclaimed gpa 0x" + Long.toHexString(u.address()) + ": " + u.count()));
        return lines;
    }

    @Override
    public void powerOff() {
        control.finish(new RunControl.End(Outcome.POWERED_OFF, "", 0, null));
    }

    /** A Linux guest that panics with {@code panic=} resets the machine; that is no reboot which somebody asked for. */
    @Override
    public void reset() {
        Optional<String> panic = console.panic();
        control.finish(
                panic.isEmpty()
                        ? new RunControl.End(Outcome.RESET, "", 0, null)
                        : new RunControl.End(
                                Outcome.GUEST_FAULT, panic.get(), 0, FaultReport.told(panic.get(), console.lines())));
    }

    /** The last lines that the guest printed. */
    List<String> lastLines() {
        return console.lines();
    }

    @Override
    public void debugExit(int value) {
        control.finish(new RunControl.End(Outcome.DEBUG_EXIT, "value " + value, value, null));
    }

    @Override
    public void failed(DeviceFailure failure) {
        control.finish(new RunControl.End(Outcome.HOST_FAILURE, failure.describe(), 0, null));
    }
}
