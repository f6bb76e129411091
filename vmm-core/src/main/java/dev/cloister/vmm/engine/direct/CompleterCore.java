package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.KvmEvents;
import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.KvmSregs;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Linux;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.debug.Trace;
import dev.cloister.vmm.engine.direct.Completer.Result;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.processor.CpuidTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Completer} does, once it is needed: takes the registers, lets the emulator execute the one instruction at RIP
 * against guest memory and the board, puts back what changed. Exceptions that the instruction raises are delivered by the emulator
 * through the guest's own tables. Used on the vCPU's thread; allocates nothing by itself.
 */
final class CompleterCore implements CpuEnvironment {
    private static final long SYS_GETRANDOM = 318;
    private static final int MSR_TSC = 0x10;
    private static final int XCR_ENTRY = 8;
    private static final int XCR_VALUE = 16;
    private static final int CODE_BYTES = 15;
    /** DR6 in struct kvm_debugregs, behind DR0 to DR3. */
    private static final int DR6 = 32;

    private static final long DR6_HITS = 15;
    private static final long DR6_REASONS = 0xe00f;
    private static final int XSAVE_LEAF = 0xd;
    private static final int PKRU_COMPONENT = 9;

    /** A repeated string instruction is left to the guest's next exit after this many bounded runs, so that a stop is seen. */
    private static final int REPEATS = 1024;

    private final Vcpu vcpu;
    private final GuestLinearMemory memory;
    private final CpuidEntries cpuid;
    private final RunControl control;
    private final CpuState state = new CpuState();
    private final Executor executor;
    private final MnemonicCounts counts;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment newSregs = arena.allocate(KvmSregs.SIZE, 8);
    private final MemorySegment randomBytes = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment image = MemorySegment.ofArray(state.extended().image());
    private final byte[] code = new byte[CODE_BYTES];
    /** Where KVM's image has PKRU, or 0. */
    private final int keysPlace;

    private long exceptions;
    private long userRefusals;
    private @Nullable Trace trace;
    private boolean extendedLoaded;
    /** Whether the instruction was an IRET, behind which NMIs are delivered again (Intel SDM vol. 3, 7.7.1). */
    private boolean returned;

    private long xcr0 = 1;
    private @Nullable MemorySegment xsave;

    CompleterCore(Completer.Surroundings around, MnemonicCounts counts) {
        this.vcpu = around.vcpu();
        this.memory = around.memory();
        this.cpuid = around.cpuid();
        this.keysPlace = keysPlace(cpuid);
        this.control = around.control();
        this.counts = counts;
        this.executor = new Executor(state, memory, around.board(), this);
    }

    /**
     * Executes the instruction at RIP.
     *
     * @param synced which register groups the last exit left in the run area
     */
    Result complete(int synced) throws ErrnoException {
        MemorySegment regs = (synced & Portal.REGS) != 0 ? vcpu.syncRegs() : vcpu.readRegs();
        MemorySegment sregs = (synced & Portal.SREGS) != 0 ? vcpu.syncSregs() : vcpu.readSregs();
        KvmState.loadRegs(regs, state);
        KvmState.loadSregs(sregs, state);
        state.setDr(6, 0);
        state.setInterruptShadow(false);
        state.events().setAfterStackLoad(false);
        state.events().setDebugTraps(0);
        newSregs.copyFrom(sregs);
        memory.prepare(state);
        loadExtendedIfUsed();
        returned = false;
        Result result = execute();
        if (result == Result.DONE) {
            store(sregs);
        }
        return result;
    }

    /** Before the first instruction: whom to tell of each. */
    void observe(@Nullable Trace told) {
        trace = told;
    }

    private Result execute() throws ErrnoException {
        int selector = state.segment(CpuState.CS).selector();
        long rip = state.rip();
        StepResult step = executor.step();
        tell(step, selector, rip);
        for (int i = 0; step == StepResult.REPEATING && i < REPEATS && control.mayRun(); i++) {
            step = executor.step();
        }
        return switch (step) {
            case COMPLETED, REPEATING -> {
                counts.add(executor.mnemonic());
                returned = executor.mnemonic().startsWith("iret");
                yield Result.DONE;
            }
            case HALTED -> {
                counts.add(executor.mnemonic());
                vcpu.setMpState(Vcpu.MP_HALTED);
                yield Result.DONE;
            }
            case EXCEPTION -> {
                counts.add(executor.mnemonic());
                yield deliver(executor.vector(), executor.errorCode(), executor.faultAddress());
            }
            case SHUTDOWN -> Result.TRIPLE_FAULT;
            case UNSUPPORTED -> refuse();
        };
    }

    private void tell(StepResult step, int selector, long rip) {
        if (trace != null && step != StepResult.UNSUPPORTED) {
            trace.instruction(vcpu.id(), selector, rip, executor.text());
        }
    }

    private Result deliver(int vector, int errorCode, long faultAddress) throws ErrnoException {
        if (trace != null) {
            trace.exception(vcpu.id(), vector, errorCode, faultAddress, state.rip(), "");
        }
        exceptions++;
        if (vector == CpuException.DB) {
            reportDebugging();
        }
        return switch (executor.delivery().deliverException(vector, errorCode, faultAddress)) {
            case SHUTDOWN -> Result.TRIPLE_FAULT;
            case UNSUPPORTED -> Result.UNSUPPORTED;
            default -> Result.DONE;
        };
    }

    /** A debug exception's reasons go to KVM's DR6, whose other bits stay. */
    private void reportDebugging() throws ErrnoException {
        MemorySegment debug = vcpu.readDebugregs();
        long old = debug.get(ValueLayout.JAVA_LONG, DR6);
        debug.set(ValueLayout.JAVA_LONG, DR6, old & ~DR6_HITS | state.dr(6) & DR6_REASONS);
        vcpu.writeDebugregs();
    }

    /** User code that nobody can execute gets #UD, as KVM itself does by default; a kernel's instruction is a fault of the machine. */
    private Result refuse() throws ErrnoException {
        if (state.cpl() != 3) {
            return Result.UNSUPPORTED;
        }
        userRefusals++;
        return deliver(CpuException.UD, 0, 0);
    }

    private void store(MemorySegment oldSregs) throws ErrnoException {
        KvmState.storeSregs(state, newSregs);
        boolean sregsChanged = newSregs.mismatch(oldSregs) >= 0;
        if (vcpu.syncSupported()) {
            KvmState.storeRegs(state, vcpu.syncRegs());
            KvmRun.markDirty(vcpu.runArea(), KvmRun.SYNC_REGS);
            if (sregsChanged) {
                vcpu.syncSregs().copyFrom(newSregs);
                KvmRun.markDirty(vcpu.runArea(), KvmRun.SYNC_SREGS);
            }
        } else {
            KvmState.storeRegs(state, vcpu.readRegs());
            vcpu.writeRegs();
            if (sregsChanged) {
                vcpu.readSregs().copyFrom(newSregs);
                vcpu.writeSregs();
            }
        }
        storeExtended();
        if (returned) {
            unblockNmi();
        }
        if (state.interruptShadow()) {
            MemorySegment events = vcpu.readEvents();
            boolean stack = state.events().afterStackLoad();
            KvmEvents.set(events, KvmEvents.INTERRUPT_SHADOW, stack ? KvmEvents.SHADOW_MOV_SS : KvmEvents.SHADOW_STI);
            KvmEvents.setInt(events, KvmEvents.FLAGS, KvmEvents.VALID_SHADOW);
            vcpu.writeEvents();
        }
    }

    private void unblockNmi() throws ErrnoException {
        MemorySegment events = vcpu.readEvents();
        if (KvmEvents.get(events, KvmEvents.NMI_MASKED) != 0) {
            KvmEvents.set(events, KvmEvents.NMI_MASKED, 0);
            KvmEvents.setInt(events, KvmEvents.FLAGS, 0);
            vcpu.writeEvents();
        }
    }

    private void loadExtendedIfUsed() throws ErrnoException {
        long rip = state.segment(CpuState.CS).base() + state.rip();
        int length = memory.peek(rip, code, CODE_BYTES);
        // With protection keys every access to user memory asks PKRU, which is part of that state.
        boolean keys = (state.cr4() & ControlBits.CR4_PKE) != 0;
        extendedLoaded = keys || OpcodeClass.mayUseExtendedState(code, length);
        if (extendedLoaded) {
            MemorySegment held = xsavePart(vcpu.readXsave());
            image.copyFrom(held);
            state.extended().takePkru(keysPlace);
            state.extended().normalize();
            // The vCPU's buffer keeps what the emulator starts from, to be compared afterwards.
            held.copyFrom(image);
            // struct kvm_xcrs: count, flags, then number, padding, value; XCR0 is the only one there is.
            MemorySegment xcrs = vcpu.readXcrs();
            boolean has = xcrs.get(ValueLayout.JAVA_INT, 0) > 0 && xcrs.get(ValueLayout.JAVA_INT, XCR_ENTRY) == 0;
            xcr0 = has ? xcrs.get(ValueLayout.JAVA_LONG, XCR_VALUE) : 1;
            state.setXcr0(xcr0);
        }
    }

    private static int keysPlace(CpuidEntries cpuid) {
        int[] leaf = new int[4];
        CpuidTable.answer(cpuid, XSAVE_LEAF, PKRU_COMPONENT, leaf);
        return leaf[0] == 0 ? 0 : leaf[1];
    }

    /** The part of KVM's image that the emulator knows; KVM's buffer is the same each time. */
    private MemorySegment xsavePart(MemorySegment whole) {
        MemorySegment known = xsave;
        if (known == null) {
            known = whole.asSlice(0, image.byteSize());
            xsave = known;
        }
        return known;
    }

    private void storeExtended() throws ErrnoException {
        if (!extendedLoaded) {
            return;
        }
        state.extended().placePkru(keysPlace);
        MemorySegment held = xsave;
        if (held != null && image.mismatch(held) >= 0) {
            held.copyFrom(image);
            vcpu.writeXsave();
        }
        if (state.xcr0() != xcr0) {
            vcpu.readXcrs().set(ValueLayout.JAVA_LONG, XCR_VALUE, state.xcr0());
            vcpu.writeXcrs();
        }
    }

    /** Why the last instruction was not completed. */
    String reason() {
        String why = executor.reason();
        return why.isEmpty() ? "it does not implement this instruction" : why;
    }

    /** How many raised an exception in the guest. */
    long exceptions() {
        return exceptions;
    }

    /** How often user code got #UD because neither KVM nor the emulator knew its instruction. */
    long userRefusals() {
        return userRefusals;
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        CpuidTable.answer(cpuid, leaf, subleaf, result);
    }

    @Override
    public long timestampCounter() {
        try {
            return vcpu.readMsr(MSR_TSC);
        } catch (ErrnoException e) {
            // Every KVM has this MSR; a clock that stands still is the least surprising answer where one does not.
            return 0;
        }
    }

    @Override
    public long random() {
        Linux.syscall(SYS_GETRANDOM, randomBytes.address(), Long.BYTES, 0, 0, 0, 0);
        return randomBytes.get(ValueLayout.JAVA_LONG, 0);
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        try {
            value[0] = vcpu.readMsr(index);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    @Override
    public boolean writeMsr(int index, long value) {
        try {
            vcpu.writeMsr(index, value);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }
}
