package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The emulator in a machine with the same memory: exceptions go through the same IDT to stubs that halt. One thread. */
final class EmulatedSide {
    /** Instructions, or parts of repeated ones, within which a case must have ended. */
    private static final int BOUND = 3000;

    /** IA32_SYSENTER_CS; ESP and EIP follow. They are zero. */
    private static final int SYSENTER_CS = 0x174;

    private final MemorySegment ram = Arena.ofAuto().allocate(Layout.RAM, Layout.PAGE);
    private final GuestMemory memory;
    private final CpuState state = new CpuState();
    private final Executor executor;
    private final byte[] template = new byte[Layout.DATA_BYTES];
    private final byte[] filler = new byte[Layout.CODE_SLOT];

    private final boolean blocks;

    /**
     * Makes the machine.
     *
     * @param seed of the data template
     * @param blocks whether cases run as decoded blocks over the TLB, as guests do; else instruction by instruction, walking anew
     */
    EmulatedSide(long seed, boolean blocks) {
        this.blocks = blocks;
        Image.fill(ram, seed, false);
        memory = GuestMemory.builder().ram("ram", 0, ram).build();
        Surroundings surroundings = new Surroundings();
        LinearMemory linear = blocks
                ? new TlbMemory(state, memory, surroundings, 46, true)
                : new PagedMemory(state, memory, new WalkContext());
        executor = new Executor(state, linear, surroundings, surroundings);
        MemorySegment.copy(ram, JAVA_BYTE, Layout.TEMPLATE, template, 0, template.length);
        java.util.Arrays.fill(filler, Layout.FILLER);
    }

    /** Runs a case. */
    void run(TestCase c, Outcome into) {
        memory.write(Layout.DATA, template, 0, template.length);
        memory.write(Layout.DATA + c.patchOffset, c.patch, 0, c.patch.length);
        memory.write(Layout.CODE + c.codeOffset, c.slot(), 0, Layout.CODE_SLOT);
        set(c);
        into.status = Outcome.Status.ENDLESS;
        if (blocks) {
            runBlocks(into);
        } else {
            step(into);
        }
        memory.write(Layout.CODE + c.codeOffset, filler, 0, filler.length);
    }

    private void step(Outcome into) {
        for (int n = 0; n < BOUND && into.status == Outcome.Status.ENDLESS; n++) {
            ended(executor.stepAndDeliver(), into);
        }
    }

    private void runBlocks(Outcome into) {
        for (int n = 0; n < BOUND && into.status == Outcome.Status.ENDLESS; n++) {
            StepResult result = executor.run(BOUND);
            if (result == StepResult.HALTED && state.cpl() == 0) {
                // The stub of the vector is one HLT.
                state.setRip(state.rip() - 1);
                read(into);
            } else {
                ended(result, into);
            }
        }
    }

    private void ended(StepResult result, Outcome into) {
        if (result != StepResult.COMPLETED && result != StepResult.REPEATING) {
            into.refuse(result + " " + executor.reason());
        } else if (state.cpl() == 0) {
            read(into);
        }
    }

    private void set(TestCase c) {
        NarrowState.settle(c);
        for (int r = 0; r < 16; r++) {
            state.setGpr(r, c.gpr[r]);
        }
        state.setRip(c.rip());
        state.setRflags(c.rflags);
        state.setCr0(Layout.CR0);
        state.setCr2(0);
        state.setCr3(Layout.TABLES);
        state.setCr4(Layout.CR4);
        state.setEfer(Layout.EFER);
        state.setXcr0(7);
        state.setInterruptShadow(false);
        state.gdtr().set(Layout.ALIAS + Layout.GDT, 0x4F);
        state.idtr().set(Layout.ALIAS + Layout.IDT, 16 * Layout.VECTORS - 1);
        for (int s = 0; s < c.selectors.length; s++) {
            Segments.of(c.selectors[s]).load(state.segment(s));
        }
        if (c.selectors[CpuState.FS] == 0) {
            state.segment(CpuState.FS).setBase(c.fsBase);
        }
        if (c.selectors[CpuState.GS] == 0) {
            state.segment(CpuState.GS).setBase(c.gsBase);
        }
        state.segment(CpuState.TR).set(Layout.TSS_SELECTOR, Layout.ALIAS + Layout.TSS, 0x67, 0x8B);
        if (c.bits == 64) {
            state.segment(CpuState.LDTR).set(0, 0, 0, 0x10000);
        } else {
            state.segment(CpuState.LDTR).set(Layout.LDT_SELECTOR, Layout.ALIAS + Layout.LDT, Segments.LIMIT, 0x82);
        }
        System.arraycopy(c.xsave, 0, state.extended().image(), 0, c.xsave.length);
    }

    private void read(Outcome into) {
        into.status = Outcome.Status.EXCEPTION;
        for (int r = 0; r < 16; r++) {
            into.gpr[r] = state.gpr(r);
        }
        into.vector = (int) ((state.rip() - Layout.stub(0)) / Layout.STUB);
        into.cr2 = state.cr2();
        long frame = Layout.STACK + Layout.PAGE - 40;
        into.errorCode = Image.hasErrorCode(into.vector) ? ram.get(JAVA_LONG_UNALIGNED, frame - 8) : 0;
        into.rip = ram.get(JAVA_LONG_UNALIGNED, frame);
        into.cs = ram.get(JAVA_LONG_UNALIGNED, frame + 8);
        into.rflags = ram.get(JAVA_LONG_UNALIGNED, frame + 16);
        into.gpr[4] = ram.get(JAVA_LONG_UNALIGNED, frame + 24);
        into.ss = ram.get(JAVA_LONG_UNALIGNED, frame + 32);
        into.fsBase = state.segment(CpuState.FS).base();
        into.gsBase = state.segment(CpuState.GS).base();
        int[] order = {CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS};
        for (int n = 0; n < 4; n++) {
            into.selectors[n] = state.segment(order[n]).selector();
        }
        System.arraycopy(state.extended().image(), 0, into.xsave, 0, into.xsave.length);
        MemorySegment.copy(ram, JAVA_BYTE, Layout.DATA, into.data, 0, into.data.length);
    }

    /** No ports, no MSRs but those of SYSENTER; of CPUID only the save area's layout. */
    private static final class Surroundings implements PortIo, CpuEnvironment, DeviceWindow {
        @Override
        public long read(long gpa, int size) {
            return -1;
        }

        @Override
        public void write(long gpa, int size, long value) {
            // Nothing is attached.
        }

        @Override
        public int in(int port, int size) {
            return -1;
        }

        @Override
        public void out(int port, int size, int value) {
            // Nothing is attached.
        }

        @Override
        public void cpuid(int leaf, int subleaf, int[] result) {
            java.util.Arrays.fill(result, 0);
            if (leaf == 0xD && subleaf == 0) {
                result[0] = 7;
            } else if (leaf == 0xD && subleaf == 2) {
                result[0] = 256;
                result[1] = 576;
            }
        }

        /** What nothing here executes raises #UD, as on a processor that lacks it. */
        @Override
        public boolean offers(CpuFeature feature) {
            return CpuModel.implemented().contains(feature);
        }

        @Override
        public long timestampCounter() {
            return 0;
        }

        @Override
        public long random() {
            return 0;
        }

        @Override
        public boolean readMsr(int index, long[] value) {
            value[0] = 0;
            return index >= SYSENTER_CS && index <= SYSENTER_CS + 2;
        }

        @Override
        public boolean writeMsr(int index, long value) {
            return false;
        }
    }
}
