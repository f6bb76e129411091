package dev.cloister.vmm;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.NumericErrorPort;
import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.devices.interrupt.LocalApic;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;
import dev.cloister.devices.timer.Pit8254;
import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.Topology;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.loader.ImageFormat;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The emulator executes everything, with interrupt chips and timers in software: no {@code /dev/kvm}, no privilege. Guest time stands
 * still while the guest is paused.
 */
final class EmulatedEngine implements Engine {
    private final List<VcpuSignal> signals = new ArrayList<>();
    private final List<EmulatedVcpu> vcpus = new ArrayList<>();
    private final List<TlbMemory> memories = new ArrayList<>();
    private final Doorbells doorbells = new Doorbells();
    private final CpuAffinity affinity;
    private final Alarms alarms;
    private final InterruptChips chips;
    private final Pit8254 timer;
    private final NumericErrorPort numericError;
    private final EventWatch events;
    private final boolean firmware;
    private final CpuModel model;
    private @Nullable MachineDebug debug;

    /** Makes the chips; nothing runs yet. */
    EmulatedEngine(MachineConfig config) throws ErrnoException, MachineException {
        model = CpuModels.choice(config.cpuModel()).emulated();
        affinity = new CpuAffinity(config.pin());
        for (int i = 0; i < config.cpus(); i++) {
            signals.add(new VcpuSignal());
        }
        alarms = new Alarms(new GuestClock(), "timers-" + config.name());
        chips = new InterruptChips(signals, alarms);
        timer = new Pit8254(alarms, chips.line(Pit8254.IRQ));
        numericError = new NumericErrorPort(chips.line(NumericErrorPort.IRQ));
        firmware = config.image().format() == ImageFormat.FIRMWARE;
        events = new EventWatch("interrupts-" + config.name());
    }

    @Override
    public dev.cloister.policy.model.Engine kind() {
        return dev.cloister.policy.model.Engine.EMULATED;
    }

    @Override
    public void connect(GuestRam ram, Board board, RunControl control, EntryState entry, VcpuBody.Owner owner) {
        board.attach(chips, timer);
        board.attach(NumericErrorPort.PORT, NumericErrorPort.PORTS, numericError, "x87 error");
        for (int i = 0; i < signals.size(); i++) {
            EmulatedVcpu.Parts parts = parts(i, ram, board, entry);
            EmulatedVcpu vcpu = new EmulatedVcpu(parts, control, owner, affinity);
            vcpus.add(vcpu);
            if (debug != null) {
                EmulatedDebug.connect(debug, vcpu, parts);
            }
        }
    }

    private EmulatedVcpu.Parts parts(int number, GuestRam ram, Board board, EntryState entry) {
        LocalApic apic = chips.apic(number);
        CpuState state = new CpuState();
        if (number == 0) {
            EntryRegisters.apply(state, entry);
        }
        EmulatedBus bus = new EmulatedBus(state, board, apic, doorbells);
        Topology place = new Topology(number, signals.size());
        Hypercalls calls = new Hypercalls(chips, signals.size());
        EmulatedEnvironment environment =
                new EmulatedEnvironment(model, state, place, ram.memory(), alarms.clock(), apic, numericError, calls);
        if (!firmware) {
            environment.setMemoryTypes();
        }
        int bits = environment.physicalBits();
        boolean gigabyte = environment.gigabytePages();
        TlbMemory memory = new TlbMemory(state, ram.memory(), bus, bits, gigabyte);
        memories.add(memory);
        Executor executor = new Executor(state, memory, bus, environment);
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
    public List<EmulatedVcpu> vcpus() {
        return vcpus;
    }

    @Override
    public void startTime() {
        alarms.resume();
    }

    @Override
    public long guestNanos() {
        return alarms.clock().nanos();
    }

    @Override
    public void stopTime() {
        alarms.pause();
    }

    @Override
    public InterruptLine line(int gsi) {
        return chips.line(gsi);
    }

    @Override
    public void message(long address, int data) {
        chips.message(address, data);
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
        events.bind(event, () -> chips.message(GuestMap.LOCAL_APIC, vector));
    }

    @Override
    public void unbindInterrupt(Fd event, int gsi) throws ErrnoException {
        events.unbind(event);
    }

    @Override
    public void close() {
        events.close();
        alarms.close();
        memories.forEach(TlbMemory::close);
    }
}
