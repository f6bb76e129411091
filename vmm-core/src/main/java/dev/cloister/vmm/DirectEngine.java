package dev.cloister.vmm;

import dev.cloister.devices.InterruptLine;
import dev.cloister.emulator.model.CpuChoice;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.GsiRouting;
import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.Vcpu;
import dev.cloister.kvm.Vm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.debug.VcpuDebug;
import dev.cloister.vmm.host.CpuidSupport;
import dev.cloister.vmm.host.GuestDebugSupport;
import dev.cloister.vmm.loader.EntryState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** KVM executes everything, with its own interrupt chips and timer; the emulator completes what KVM gives up on. */
final class DirectEngine implements Engine {
    /** Every KVM has this slot, and no machine has so many pieces. */
    private static final int SPARE_SLOT = 500;

    private final Kvm kvm;
    private final Vm vm;
    private final List<Vcpu> vcpus = new ArrayList<>();
    private final List<VcpuThread> threads = new ArrayList<>();
    private final List<CpuidEntries> cpuids = new ArrayList<>();
    private final CpuAffinity affinity;
    private final long madeAt = System.nanoTime();
    private int nextSlot;
    private @Nullable MachineDebug debug;
    private @Nullable Mapping spare;
    private boolean supported;

    /**
     * Makes the virtual machine with its interrupt chips and vCPUs; nothing runs yet.
     *
     * @param kvm owned by the engine from here on, also when this fails
     */
    DirectEngine(Kvm kvm, MachineConfig config) throws ErrnoException, MachineException {
        this.kvm = kvm;
        this.affinity = new CpuAffinity(config.pin());
        Vm made = null;
        boolean done = false;
        try {
            requireModel(kvm, config);
            made = kvm.createVm();
            this.vm = made;
            setUp(config);
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

    private static void requireModel(Kvm kvm, MachineConfig config) throws MachineException, ErrnoException {
        CpuChoice choice = CpuModels.choice(config.cpuModel());
        if (!choice.equals(CpuChoice.parse("")) && !CpuidSupport.probe(kvm).isKept()) {
            throw MachineException.host("engine direct can't show processor model " + choice.text()
                    + ": under this host's KVM the CPUID instruction tells of the host's processor, whatever table the"
                    + " guest is given; take the engine emulated");
        }
    }

    private void setUp(MachineConfig config) throws ErrnoException, MachineException {
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
        CpuChoice choice = CpuModels.choice(config.cpuModel());
        CpuidMask.apply(supported, choice);
        for (int i = 0; i < config.cpus(); i++) {
            Vcpu vcpu = vm.createVcpu(i);
            CpuidEntries table = CpuidTable.forVcpu(supported, i, config.cpus());
            CpuidMask.hideHypervisor(table, choice);
            vcpu.setCpuid(table);
            cpuids.add(i == 0 ? copy(table) : table);
            vcpus.add(vcpu);
        }
    }

    private static CpuidEntries copy(CpuidEntries table) {
        CpuidEntries result = new CpuidEntries();
        table.entries().forEach(result::set);
        return result;
    }

    @Override
    public void connect(GuestRam ram, Board board, RunControl control, EntryState entry, VcpuBody.Owner owner)
            throws ErrnoException {
        for (int i = 0; i < vcpus.size(); i++) {
            Vcpu vcpu = vcpus.get(i);
            CpuidEntries cpuid = cpuids.get(i);
            GuestLinearMemory memory = new GuestLinearMemory(
                    ram.memory(), board, CpuidTable.physicalAddressBits(cpuid), CpuidTable.gigabytePages(cpuid));
            Completer completer = new Completer(new Completer.Surroundings(vcpu, memory, board, cpuid, control));
            Portals portals = new Portals(vcpu, board, control, completer, memory);
            VcpuThread thread = new VcpuThread(vcpu, control, portals, completer, owner, affinity);
            threads.add(thread);
            if (debug != null) {
                observe(debug, i, thread, new Interpreter.Surroundings(ram.memory(), board, cpuid, control));
            }
        }
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
    public List<VcpuThread> vcpus() {
        return threads;
    }

    @Override
    public void startTime() {
        // KVM's clocks are the host's.
    }

    @Override
    public long guestNanos() {
        return System.nanoTime() - madeAt;
    }

    @Override
    public void stopTime() {
        // As startTime.
    }

    @Override
    public InterruptLine line(int gsi) {
        return new GsiLine(vm.fd(), gsi);
    }

    @Override
    public void message(long address, int data) {
        try {
            vm.signalMsi(address, data);
        } catch (ErrnoException e) {
            // The guest wrote an address that is no local APIC's: on a PC such a message is lost as well.
            return;
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
        vm.assignPortEvent(event, port, Integer.BYTES);
    }

    @Override
    public void unbindDoorbell(Fd event, int port) throws ErrnoException {
        vm.deassignPortEvent(event, port, Integer.BYTES);
    }

    @Override
    public void bindInterrupt(Fd event, int gsi) throws ErrnoException {
        vm.assignIrqfd(event, gsi);
    }

    @Override
    public void unbindInterrupt(Fd event, int gsi) throws ErrnoException {
        vm.deassignIrqfd(event, gsi);
    }

    @Override
    public void close() {
        vm.close();
        kvm.close();
        Mapping page = spare;
        if (page != null) {
            page.close();
        }
    }
}
