package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.NumericErrorPort;
import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;
import dev.cloister.devices.timer.Pit8254;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.Topology;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.engine.CpuAffinity;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.EntryRegisters;
import dev.cloister.vmm.engine.GsiWires;
import dev.cloister.vmm.engine.MachineDebug;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.ivshmem.EventWatch;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.loader.ImageFormat;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.memory.GuestMap;
import dev.cloister.vmm.memory.GuestRam;
import dev.cloister.vmm.processor.CpuModels;
import dev.cloister.vmm.report.MachineException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The emulator executes everything, with interrupt chips and timers in software: no {@code /dev/kvm}, no privilege. Guest time stands
 * still while the guest is paused.
 */
public final class EmulatedEngine implements Engine {
    private final List<VcpuSignal> signals = new ArrayList<>();
    private final List<TlbMemory> memories = new ArrayList<>();
    private final GsiWires wires = new GsiWires();
    private final Doorbells doorbells = new Doorbells();
    private final CpuAffinity affinity;
    private final EventWatch events;
    private final boolean firmware;
    private final CpuModel model;
    private final String name;
    private volatile List<EmulatedVcpu> vcpus = List.of();
    private volatile Chips now;
    private @Nullable MachineDebug debug;

    /** Makes the chips; nothing runs yet. */
    public EmulatedEngine(MachineConfig config) throws ErrnoException, MachineException {
        model = CpuModels.choice(config.processor().model()).emulated();
        affinity = new CpuAffinity(config.processor().pin());
        for (int i = 0; i < config.processor().cpus(); i++) {
            signals.add(new VcpuSignal());
        }
        name = config.domain().name();
        now = Chips.make(signals, name);
        firmware = config.boot().image().format() == ImageFormat.FIRMWARE;
        events = new EventWatch("interrupts-" + config.domain().name());
    }

    /** What a restart makes anew. */
    private record Chips(Alarms alarms, InterruptChips interrupts, Pit8254 timer, NumericErrorPort numericError) {
        static Chips make(List<VcpuSignal> signals, String name) {
            Alarms alarms = new Alarms(new GuestClock(), "timers-" + name);
            InterruptChips interrupts = new InterruptChips(signals, alarms);
            return new Chips(
                    alarms,
                    interrupts,
                    new Pit8254(alarms, interrupts.line(Pit8254.IRQ)),
                    new NumericErrorPort(interrupts.line(NumericErrorPort.IRQ)));
        }
    }

    @Override
    public void reset() {
        vcpus = List.of();
        now.alarms().close();
        memories.forEach(TlbMemory::close);
        memories.clear();
        now = Chips.make(signals, name);
        wires.connect(now.interrupts()::line);
    }

    @Override
    public dev.cloister.policy.model.Engine kind() {
        return dev.cloister.policy.model.Engine.EMULATED;
    }

    @Override
    public void connect(GuestRam ram, Board board, RunControl control, EntryState entry, VcpuBody.Owner owner) {
        board.attach(now.alarms());
        board.attach(now.interrupts(), now.timer());
        board.attach(NumericErrorPort.PORT, NumericErrorPort.PORTS, now.numericError(), "x87 error");
        CpuModel reaching = model.reaching(end(ram));
        List<EmulatedVcpu> made = new ArrayList<>();
        for (int i = 0; i < signals.size(); i++) {
            EmulatedVcpu.Parts parts = parts(i, reaching, ram, board, entry);
            EmulatedVcpu vcpu = new EmulatedVcpu(parts, control, owner, affinity);
            made.add(vcpu);
            if (debug != null) {
                EmulatedDebug.connect(debug, vcpu, parts);
            }
        }
        vcpus = List.copyOf(made);
    }

    /** Where memory ends, persistent memory and channels with it. */
    private static long end(GuestRam ram) {
        long end = GuestMap.HIGH_RAM;
        for (GuestRam.Piece piece : ram.pieces()) {
            end = Math.max(end, piece.gpa() + piece.host().byteSize());
        }
        return end;
    }

    private EmulatedVcpu.Parts parts(int number, CpuModel reaching, GuestRam ram, Board board, EntryState entry) {
        Chips chips = now;
        LocalApic apic = chips.interrupts().apic(number);
        CpuState state = new CpuState();
        if (number == 0) {
            EntryRegisters.apply(state, entry);
        }
        EmulatedBus bus = new EmulatedBus(state, board, apic, doorbells);
        Topology place = new Topology(number, signals.size());
        Hypercalls calls = new Hypercalls(chips.interrupts(), signals.size());
        EmulatedEnvironment environment = new EmulatedEnvironment(
                reaching, state, place, ram.memory(), chips.alarms().clock(), apic, chips.numericError(), calls);
        if (!firmware) {
            environment.setMemoryTypes();
        }
        int bits = environment.physicalBits();
        boolean gigabyte = environment.gigabytePages();
        TlbMemory memory = new TlbMemory(state, ram.memory(), bus, bits, gigabyte);
        memories.add(memory);
        Executor executor = new Executor(state, memory, bus, environment);
        executor.sharedBy(signals.size());
        GuestLinearMemory forReports = new GuestLinearMemory(ram.memory(), board, bits, gigabyte);
        return new EmulatedVcpu.Parts(
                number, state, executor, memory, forReports, bus, environment, apic, signals.get(number));
    }

    @Override
    public void debugWith(MachineDebug looking) {
        debug = looking;
    }

    /** Guest memory is read where it lies: there is nothing to install. */
    @Override
    public void install(List<GuestRam.Piece> pieces) {
        // GuestMemory has them already.
    }

    @Override
    public void place(int place, long gpa, MemorySegment host, boolean readOnly) {
        // As install.
    }

    @Override
    public void remove(int place) {
        // As install.
    }

    @Override
    public List<EmulatedVcpu> vcpus() {
        return vcpus;
    }

    @Override
    public void startTime() {
        now.alarms().resume();
    }

    @Override
    public void stopTime() {
        now.alarms().pause();
    }

    @Override
    public InterruptLine line(int gsi) {
        return wires.line(gsi, now.interrupts().line(gsi));
    }

    @Override
    public void message(long address, int data) {
        now.interrupts().message(address, data);
    }

    /** Its vCPUs' writes are calls of the device already. */
    @Override
    public QueueBell bell() {
        return QueueBell.parking();
    }

    @Override
    public void kickAll() {
        signals.forEach(VcpuSignal::attend);
    }

    @Override
    public void bindDoorbell(Fd event, int port) {
        doorbells.bind(event, port);
    }

    @Override
    public void unbindDoorbell(Fd event, int port) {
        doorbells.unbind(event, port);
    }

    /** A channel's GSI is a message to the first processor's local APIC, as it is routed under the direct engine. */
    @Override
    public void bindInterrupt(Fd event, int gsi) throws ErrnoException {
        int vector = DirectoryLayout.INTERRUPT_VECTOR + gsi - DirectoryLayout.INTERRUPT_GSI;
        events.bind(event, () -> message(GuestMap.LOCAL_APIC, vector));
    }

    @Override
    public void unbindInterrupt(Fd event, int gsi) throws ErrnoException {
        events.unbind(event);
    }

    @Override
    public void close() {
        events.close();
        now.alarms().close();
        memories.forEach(TlbMemory::close);
    }
}
