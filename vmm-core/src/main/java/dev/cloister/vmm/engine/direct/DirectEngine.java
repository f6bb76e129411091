package dev.cloister.vmm.engine.direct;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.GsiRouting;
import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.KvmCapability;
import dev.cloister.kvm.Vcpu;
import dev.cloister.kvm.Vm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.engine.CpuAffinity;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.EntryRegisters;
import dev.cloister.vmm.engine.GsiWires;
import dev.cloister.vmm.engine.MachineDebug;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.host.CpuidSupport;
import dev.cloister.vmm.host.GuestDebugSupport;
import dev.cloister.vmm.loader.EntryState;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.memory.GuestMap;
import dev.cloister.vmm.memory.GuestRam;
import dev.cloister.vmm.processor.CpuModels;
import dev.cloister.vmm.processor.CpuidMask;
import dev.cloister.vmm.processor.CpuidTable;
import dev.cloister.vmm.report.MachineException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** KVM executes everything, with its own interrupt chips and timer; the emulator completes what KVM gives up on. */
public final class DirectEngine implements Engine {
    /** Every KVM has this slot, and no machine has so many pieces. */
    private static final int SPARE_SLOT = 500;

    /** Memory that the guest moves; as many slots as there are channels. */
    private static final int FIRST_MOVING_SLOT = 400;

    /** KVM has room for a thousand doorbells, and the process for as many descriptors. */
    private static final int MOST_BELLS = 256;

    private final Kvm kvm;
    private final MachineConfig config;
    private final GsiWires wires = new GsiWires();
    private volatile Vm vm;
    private final KvmBindings bindings = new KvmBindings();
    private volatile List<Vcpu> vcpus = List.of();
    private volatile List<VcpuThread> threads = List.of();
    private final List<CpuidEntries> cpuids = new ArrayList<>();
    private final CpuAffinity affinity;
    private volatile Alarms alarms;
    private int nextSlot;
    private int bells;
    private @Nullable MachineDebug debug;
    private @Nullable Mapping spare;
    private boolean supported;

    /**
     * Makes the virtual machine with its interrupt chips and vCPUs; nothing runs yet.
     *
     * @param kvm owned by the engine from here on, also when this fails
     */
    public DirectEngine(Kvm kvm, MachineConfig config) throws ErrnoException, MachineException {
        this.kvm = kvm;
        this.config = config;
        this.affinity = new CpuAffinity(config.processor().pin());
        this.alarms = timers();
        Vm made = null;
        boolean done = false;
        try {
            requireModel(kvm, config);
            made = kvm.createVm();
            this.vm = made;
            setUp();
            done = true;
        } finally {
            if (!done) {
                if (made != null) {
                    made.close();
                }
                kvm.close();
            }
        }
    }

    private Alarms timers() {
        return new Alarms(new GuestClock(), "timers-" + config.domain().name());
    }

    private static void requireModel(Kvm kvm, MachineConfig config) throws MachineException, ErrnoException {
        CpuChoice choice = CpuModels.choice(config.processor().model());
        if (!choice.equals(CpuChoice.parse("")) && !CpuidSupport.probe(kvm).isKept()) {
            throw MachineException.host("engine direct can't show processor model " + choice.text()
                    + ": under this host's KVM the CPUID instruction tells of the host's processor, whatever table the"
                    + " guest is given; take the engine emulated");
        }
    }

    private void setUp() throws ErrnoException, MachineException {
        vm.setIdentityMapAddress(GuestMap.IDENTITY_MAP);
        vm.setTssAddress(GuestMap.TSS);
        vm.createIrqChip();
        vm.createPit2(true);
        vm.enableExitOnEmulationFailure();
        GsiRouting routing = GsiRouting.standard();
        // Also of places that no channel has yet: it may be declared while the guest runs.
        for (int i = 0; i < VmmCodec.MAX_CHANNELS; i++) {
            routing.lapic(DirectoryLayout.INTERRUPT_GSI + i, 0, DirectoryLayout.INTERRUPT_VECTOR + i);
        }
        vm.setGsiRouting(routing);
        CpuidEntries supported = kvm.supportedCpuid();
        CpuChoice choice = CpuModels.choice(config.processor().model());
        CpuidMask.apply(supported, choice);
        List<Vcpu> made = new ArrayList<>();
        for (int i = 0; i < config.processor().cpus(); i++) {
            Vcpu vcpu = vm.createVcpu(i);
            CpuidEntries table =
                    CpuidTable.forVcpu(supported, i, config.processor().cpus());
            CpuidMask.hideHypervisor(table, choice);
            vcpu.setCpuid(table);
            cpuids.add(i == 0 ? copy(table) : table);
            made.add(vcpu);
        }
        vcpus = List.copyOf(made);
    }

    /** A virtual machine of its own: what a guest may have done to the one before can't be undone piece by piece. */
    @Override
    public void reset() throws ErrnoException, MachineException {
        vcpus = List.of();
        threads = List.of();
        cpuids.clear();
        alarms.close();
        alarms = timers();
        vm.close();
        nextSlot = 0;
        vm = kvm.createVm();
        setUp();
        wires.connect(gsi -> new GsiLine(vm.fd(), gsi));
        bindings.install(vm);
    }

    private static CpuidEntries copy(CpuidEntries table) {
        CpuidEntries result = new CpuidEntries();
        table.entries().forEach(result::set);
        return result;
    }

    @Override
    public void connect(GuestRam ram, Board board, RunControl control, EntryState entry, VcpuBody.Owner owner)
            throws ErrnoException {
        board.attach(alarms);
        List<VcpuThread> made = new ArrayList<>();
        for (int i = 0; i < vcpus.size(); i++) {
            Vcpu vcpu = vcpus.get(i);
            CpuidEntries cpuid = cpuids.get(i);
            GuestLinearMemory memory = new GuestLinearMemory(
                    ram.memory(), board, CpuidTable.physicalAddressBits(cpuid), CpuidTable.gigabytePages(cpuid));
            Completer completer = new Completer(new Completer.Surroundings(vcpu, memory, board, cpuid, control));
            Portals portals = new Portals(vcpu, board, control, completer, memory);
            VcpuThread thread = new VcpuThread(vcpu, control, portals, completer, owner, affinity);
            made.add(thread);
            if (debug != null) {
                observe(debug, i, thread, new Interpreter.Surroundings(ram.memory(), board, cpuid, control));
            }
        }
        threads = List.copyOf(made);
        EntryRegisters.apply(vcpus.getFirst(), entry);
    }

    @Override
    public void debugWith(MachineDebug looking) throws ErrnoException {
        debug = looking;
        if (looking.vcpu(0) != null) {
            supported = GuestDebugSupport.probe(kvm).isComplete();
            spare = Mapping.anonymous(GuestMap.PAGE);
        }
    }

    private void observe(MachineDebug looking, int id, VcpuThread thread, Interpreter.Surroundings around) {
        VcpuDebug watching = looking.vcpu(id);
        thread.portals().observe(looking.trace(), watching);
        thread.completer().observe(looking.trace());
        if (watching != null) {
            Vcpu vcpu = vcpus.get(id);
            KvmRegisters registers = new KvmRegisters(vcpu);
            Interpreter interpreter = new Interpreter(vcpu, watching, looking.trace(), registers.state(), around);
            DirectDebug target = new DirectDebug(
                    watching,
                    new DirectDebug.Parts(
                            vcpu,
                            around.control(),
                            thread.portals(),
                            registers,
                            interpreter,
                            this::forgetShadows,
                            supported));
            thread.debugWith(target);
            looking.add(target);
        }
    }

    /** A memory slot that goes makes KVM drop every translation that it has made for the guest. */
    private synchronized void forgetShadows() throws ErrnoException {
        Mapping page = spare;
        if (page != null) {
            vm.setMemorySlot(SPARE_SLOT, GuestMap.SPARE_PAGE, page.segment(), 0);
            vm.deleteMemorySlot(SPARE_SLOT);
        }
    }

    @Override
    public dev.cloister.policy.model.Engine kind() {
        return dev.cloister.policy.model.Engine.DIRECT;
    }

    @Override
    public void install(List<GuestRam.Piece> pieces) throws ErrnoException {
        for (GuestRam.Piece piece : pieces) {
            vm.setMemorySlot(nextSlot++, piece.gpa(), piece.host(), piece.readOnly() ? Vm.READ_ONLY : 0);
        }
    }

    @Override
    public void place(int place, long gpa, MemorySegment host, boolean readOnly) throws ErrnoException {
        bindings.place(vm, FIRST_MOVING_SLOT + place, gpa, host, readOnly ? Vm.READ_ONLY : 0);
    }

    @Override
    public void remove(int place) throws ErrnoException {
        bindings.remove(vm, FIRST_MOVING_SLOT + place);
    }

    @Override
    public List<VcpuThread> vcpus() {
        return threads;
    }

    @Override
    public void startTime() {
        alarms.resume();
    }

    @Override
    public void stopTime() {
        // KVM's clocks are the host's and go on, and so do those of the board, for guests compare them.
    }

    @Override
    public InterruptLine line(int gsi) {
        return wires.line(gsi, new GsiLine(vm.fd(), gsi));
    }

    @Override
    public void message(long address, int data) {
        try {
            vm.signalMsi(address, data);
        } catch (ErrnoException e) {
            // As on a PC, a message that nobody takes is lost.
            return;
        }
    }

    /** KVM's where it has any, for the first queues; else each ring is an exit. */
    @Override
    public synchronized QueueBell bell() {
        if (bells == MOST_BELLS || !vm.has(KvmCapability.IOEVENTFD)) {
            return QueueBell.parking();
        }
        try {
            bells++;
            return new KvmBell(new BellHost(), EventFd.create());
        } catch (ErrnoException e) {
            // No descriptor is left: the device works without.
            return QueueBell.parking();
        }
    }

    /** Rings of any width count, on kernels before 4.4 those of drivers only; those of a value are 32 bits wide. */
    private final class BellHost implements KvmBell.Host {
        private final int width = vm.has(KvmCapability.IOEVENTFD_ANY_LENGTH) ? 0 : Short.BYTES;

        @Override
        public void bind(Fd event, long gpa, int value) throws ErrnoException {
            if (value == QueueBell.ANY_VALUE) {
                vm.assignMmioEvent(event, gpa, width);
            } else {
                vm.assignMmioEvent(event, gpa, Integer.BYTES, value);
            }
        }

        @Override
        public void unbind(Fd event, long gpa, int value) throws ErrnoException {
            if (value == QueueBell.ANY_VALUE) {
                vm.deassignMmioEvent(event, gpa, width);
            } else {
                vm.deassignMmioEvent(event, gpa, Integer.BYTES, value);
            }
        }
    }

    @Override
    public void kickAll() {
        for (Vcpu vcpu : vcpus) {
            while (!vcpu.kick()) {
                // The user's limit of queued signals is reached; they drain as their receivers run.
                Thread.onSpinWait();
            }
        }
    }

    @Override
    public void bindDoorbell(Fd event, int port) throws ErrnoException {
        bindings.bindDoorbell(vm, event, port);
    }

    @Override
    public void unbindDoorbell(Fd event, int port) throws ErrnoException {
        bindings.unbindDoorbell(vm, event, port);
    }

    @Override
    public void bindInterrupt(Fd event, int gsi) throws ErrnoException {
        bindings.bindInterrupt(vm, event, gsi);
    }

    @Override
    public void unbindInterrupt(Fd event, int gsi) throws ErrnoException {
        bindings.unbindInterrupt(vm, event, gsi);
    }

    @Override
    public void close() {
        alarms.close();
        vm.close();
        kvm.close();
        Mapping page = spare;
        if (page != null) {
            page.close();
        }
    }
}
