package dev.cloister.vmm.board;

import dev.cloister.devices.Cmos;
import dev.cloister.devices.DebugExit;
import dev.cloister.devices.DebugPort;
import dev.cloister.devices.DeviceFailure;
import dev.cloister.devices.DeviceFailureListener;
import dev.cloister.devices.FirmwareConfig;
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
import dev.cloister.devices.acpi.TableLoader;
import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.devices.pci.Chipset;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.Pit8254;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.VirtioBus;
import dev.cloister.vmm.channel.DeviceEnds;
import dev.cloister.vmm.channel.SocketCarrier;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.memory.GuestMap;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.virtio.Balloon;
import dev.cloister.vmm.virtio.ChannelDevices;
import dev.cloister.vmm.virtio.VirtioSet;
import dev.cloister.vmm.virtio.VirtioWindows;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The buses of one machine with the devices on them, and what devices ask of the machine. The same under every engine: KVM's exits and
 * the emulator's accesses end here. Any vCPU thread; allocates nothing on an access.
 */
public final class Board implements MachineControl, DeviceFailureListener, PortIo, GuestLinearMemory.Devices {
    /** How the board reaches the interrupt chips. */
    public interface Lines {
        /** The line of a GSI. */
        InterruptLine line(int gsi);

        /** Delivers a message-signalled interrupt; any thread. */
        void message(long address, int data);

        /** Makes a doorbell for a queue of a device. */
        QueueBell bell();
    }

    private final MachineConfig config;
    private final Wires wires;
    private final Reboots reboots;
    /** The buses are replaced only while no processor runs. */
    private volatile PortBus ports = new PortBus(this);

    private volatile MmioBus mmio = new MmioBus(this);
    private final GuestMemory memory;
    private final RunControl control;
    private final Violations violations;
    private final Serial16550 com1;
    private final TextDisplay display = new TextDisplay();
    private final PciHost pci;
    private final @Nullable VirtioWindows windows;
    private final VirtioSet virtio;
    private final DeviceEnds deviceEnds;
    private final int cpus;
    private final boolean isFirmware;
    private final ConsoleTail console;
    private volatile @Nullable PowerManagement power;

    /**
     * Puts everything on the buses that does not depend on the engine's clocks.
     *
     * @throws MachineException if the configured devices don't fit
     */
    public Board(MachineConfig config, GuestMemory memory, RunControl control, Violations violations, Wires wires)
            throws MachineException {
        this.config = config;
        this.wires = wires;
        this.memory = memory;
        this.control = control;
        this.cpus = config.processor().cpus();
        this.isFirmware = config.boot().image().format() == ImageFormat.FIRMWARE;
        this.console = wires.console();
        this.violations = violations;
        this.reboots = new Reboots(
                config.watch().debug().isActive()
                        ? OnReboot.EXIT
                        : config.boot().onReboot(),
                System::nanoTime);
        this.com1 = new Serial16550(wires.console(), wires.lines().line(Serial16550.COM1_IRQ));
        this.pci = new PciHost(
                List.of(
                        new PciWindow(GuestMap.PCI_LOW, DirectoryLayout.DIRECTORY_GPA - GuestMap.PCI_LOW),
                        new PciWindow(GuestMap.PCI_HIGH, GuestMap.PCI_END - GuestMap.PCI_HIGH)),
                wires.lines()::line,
                isFirmware ? Chipset.Q35 : Chipset.PLAIN);
        this.windows =
                config.devices().bus() == VirtioBus.MMIO ? new VirtioWindows(GuestMap.VIRTIO_MMIO, pci::line) : null;
        try {
            VirtioSet.Place place =
                    new VirtioSet.Place(pci, memory, wires.lines()::message, wires.lines()::bell, windows);
            this.virtio = new VirtioSet(config.devices().virtio(), place, violations);
            ChannelDevices devices = new ChannelDevices(
                    config.domain().name(),
                    config.devices().channels(),
                    config.devices().virtio().memory().granted());
            this.deviceEnds = devices.ends();
            devices.devices().forEach(virtio::add);
        } catch (IllegalArgumentException e) {
            throw MachineException.input(e);
        }
        virtio.watchConsole(wires.console()::remember);
        attach();
    }

    /**
     * What the board's devices are connected to.
     *
     * @param console where serial and debug ports print
     * @param lines the interrupt chips
     */
    public record Wires(ConsoleTail console, Lines lines) {}

    private void attach() {
        ports.attach(Serial16550.COM1_PORT, Serial16550.PORTS, com1, "COM1");
        DebugPort debug = new DebugPort(wires.console());
        if (config.devices().testDevice()) {
            // Its ports are where Bochs' console is: a program that looks for the one does not look for the other.
            new TestDevice(wires.lines()::line, InterruptChips.LINES).attachTo(ports, mmio);
        } else {
            ports.attach(DebugPort.BOCHS_PORT, DebugPort.PORTS, debug, "debug console");
        }
        if (config.console().firmwareLog()) {
            ports.attach(DebugPort.FIRMWARE_PORT, DebugPort.PORTS, debug, "firmware debug console");
        }
        ports.attach(TextDisplay.PORT, TextDisplay.PORTS, display, "text display");
        ports.attach(PostPort.PORT, PostPort.PORTS, new PostPort(), "POST code");
        new I8042(this, wires.lines().line(I8042.IRQ), wires.lines().line(I8042.AUXILIARY_IRQ)).attachTo(ports);
        attachFirmwareConfig();
        FirmwareVariables variables = config.boot().variables();
        if (variables != null) {
            variables.attachTo(
                    mmio, GuestMap.HIGH_RAM - config.boot().image().bytes().byteSize());
        }
        pci.attachTo(ports, new ResetControl(this), mmio, GuestMap.PCI_ECAM);
        if (windows != null) {
            windows.attachTo(mmio);
        }
        ports.attach(PowerOffPort.BOCHS_PORT, PowerOffPort.PORTS, new PowerOffPort(this), "old power off");
        if (config.devices().debugExit()) {
            ports.attach(DebugExit.PORT, DebugExit.PORTS, new DebugExit(this), "debug exit");
        }
    }

    /** All of it for firmware; programs without firmware ask for the number of processors only. */
    private void attachFirmwareConfig() {
        if (isFirmware && config.memory().bytes() >= GuestMap.FIRMWARE_TABLES_FROM) {
            ports.attach(
                    FirmwareConfig.PORT,
                    FirmwareConfig.PORTS,
                    FirmwareFacts.of(config, memory, () -> tables(TableLoader.BASE)),
                    "firmware configuration");
        } else {
            ports.attach(ProcessorCount.PORT, ProcessorCount.PORTS, new ProcessorCount(cpus), "number of processors");
        }
    }

    /**
     * All devices as after power-on: PCI functions and the serial port are reset, the others made anew. Whoever attached something attaches
     * it again. While no processor runs; returns when no device touches guest memory any more.
     */
    public void restart() {
        reboots.restarted();
        pci.reset();
        if (windows != null) {
            windows.reset();
        }
        com1.reset();
        ports = new PortBus(this);
        mmio = new MmioBus(this);
        attach();
    }

    /** COM1, for input. */
    public Serial16550 serial() {
        return com1;
    }

    /** Presses the power button; returns whether the guest listens to it. Any thread. */
    public boolean pressPowerButton() {
        PowerManagement pressed = power;
        return pressed != null && pressed.pressPowerButton();
    }

    /** What channels of the guest's devices attach to. */
    public DeviceEnds deviceEnds() {
        return deviceEnds;
    }

    /** The PCI bus; functions join it before the guest runs. */
    public PciHost pci() {
        return pci;
    }

    /** Who carries the guest's connections to other guests; nothing where it has no socket device. */
    public Optional<SocketCarrier> carrier() {
        return virtio.carrier();
    }

    /** Starts the threads of devices that have some; once, before the guest runs. */
    public void start() {
        virtio.start();
    }

    /** Ends them: no device touches guest memory after this. */
    public void close() {
        virtio.close();
    }

    /** The operator's side of the memory balloon. */
    public Optional<Balloon> balloon() {
        return virtio.balloon();
    }

    /** What devices want to say at the end. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>(reboots.notes());
        notes.addAll(virtio.notes());
        return notes;
    }

    /** What the guest is told of the board; null where firmware tells it itself. */
    @Nullable
    public AcpiTables acpi() {
        return isFirmware ? null : tables(GuestMap.ACPI_TABLES);
    }

    private AcpiTables tables(long gpa) {
        return AcpiTables.of(new AcpiMachine(
                cpus,
                gpa,
                GuestMap.PM_PORT,
                GuestMap.SCI_IRQ,
                ResetControl.PORT,
                List.of(new AcpiMachine.SerialPort(Serial16550.COM1_PORT, Serial16550.COM1_IRQ)),
                Optional.of(pciRoot()),
                windows == null ? List.of() : windows.places()));
    }

    /** What a kernel is told on its command line of devices that it can't find by itself without ACPI; perhaps nothing. */
    public String kernelParameters() {
        return windows == null ? "" : windows.kernelParameters();
    }

    private AcpiMachine.PciRoot pciRoot() {
        List<AcpiMachine.Window> narrow = new ArrayList<>();
        List<AcpiMachine.Window> wide = new ArrayList<>();
        for (PciWindow each : pci.windows()) {
            boolean low = each.end() <= GuestMap.HIGH_RAM;
            (low ? narrow : wide).add(new AcpiMachine.Window(each.base(), each.length()));
        }
        return new AcpiMachine.PciRoot(pci.ecam(), narrow, wide, PciHost.FIRST_GSI, PciHost.GSIS, PciHost.PIC_IRQS);
    }

    /** Puts a further device on the port bus. */
    public void attach(int base, int length, PortDevice device, String name) {
        ports.attach(base, length, device, name);
    }

    /** Puts the clocks on the buses, made anew: for each life of the machine, with the timers of its engine. */
    public void attach(Alarms alarms) {
        InterruptLine sci = wires.lines().line(GuestMap.SCI_IRQ);
        PowerManagement next = new PowerManagement(this, sci, alarms.clock()::nanos, alarms::reminder);
        ports.attach(GuestMap.PM_PORT, PowerManagement.PORTS, next, "power management");
        long low = GuestMap.lowRam(config);
        Cmos.Machine machine = new Cmos.Machine(
                low, config.memory().bytes() - low, config.processor().cpus());
        InterruptLine clock = next.clockLine(wires.lines().line(Cmos.IRQ));
        ports.attach(Cmos.PORT, Cmos.PORTS, new Cmos(machine, Clock.systemUTC(), clock, alarms::reminder), "CMOS");
        power = next;
    }

    /** Puts an engine's own interrupt chips and timer on the buses. */
    public void attach(InterruptChips chips, Pit8254 timer) {
        chips.attachTo(ports, mmio);
        timer.attachTo(ports);
    }

    /** A port read; all ones where nothing answers. */
    public long portRead(int port, int size) {
        return ports.read(port, size);
    }

    /** A port write. */
    public void portWrite(int port, int size, long value) {
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
        } else if (memory.contains(gpa, 1, false)) {
            memoryGone();
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
        } else if (memory.contains(gpa, 1, true)) {
            memoryGone();
        }
        mmio.write(gpa, size, value);
    }

    /** A KVM that executes supervisor code itself shows as a device what should be memory and can't be reached any more. */
    private void memoryGone() {
        String loss = config.memoryLoss();
        if (!loss.isEmpty()) {
            control.finish(new RunControl.End(Outcome.HOST_FAILURE, loss, 0, null));
        }
    }

    private static boolean inChannelArea(long gpa) {
        return gpa >= DirectoryLayout.DIRECTORY_GPA && gpa < DirectoryLayout.WINDOWS_END_GPA;
    }

    /** What nobody answered so far. */
    public Report.Unclaimed unclaimed() {
        return new Report.Unclaimed(
                ports.unclaimedReads(), ports.unclaimedWrites(), mmio.unclaimedReads(), mmio.unclaimedWrites());
    }

    /** The most used addresses that nobody answered, one line each; for reports. */
    public java.util.List<String> topUnclaimed() {
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

    @Override
    public void reset() {
        control.finish(reboots.asked(console.panic(), console.lines()));
    }

    /** The last lines that the guest printed. */
    public List<String> lastLines() {
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
