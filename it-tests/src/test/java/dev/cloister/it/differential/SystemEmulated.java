package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The emulator as a machine of the test kernel. One thread. */
final class SystemEmulated implements SystemMachine, PortIo, CpuEnvironment {
    /** Instructions within which a case with all that the kernel does must have ended. */
    private static final int BOUND = 20_000;

    private final MemorySegment ram = Arena.ofAuto().allocate(SystemPlace.RAM, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
    private CpuState state = new CpuState();
    private Executor executor = executor();
    private boolean done;

    SystemEmulated() {
        SystemImage.fill(ram);
    }

    private Executor executor() {
        return new Executor(state, new PagedMemory(state, memory, new WalkContext()), this, this);
    }

    @Override
    public List<SystemOutcome> run(List<SystemCase> cases) {
        List<SystemOutcome> outcomes = new ArrayList<>();
        boolean fresh = true;
        for (SystemCase c : cases) {
            c.write(ram, 0);
            if (fresh) {
                SystemImage.fill(ram);
                reset();
            }
            SystemImage.arm(ram, 0, 2);
            String failure = enter();
            fresh = !failure.isEmpty();
            outcomes.add(fresh ? SystemOutcome.refuse(failure) : SystemOutcome.read(ram, 0));
        }
        return outcomes;
    }

    private String enter() {
        done = false;
        for (int n = 0; n < BOUND; n++) {
            if (isAstray()) {
                return "ran away from its code";
            }
            StepResult result = executor.stepAndDeliver();
            if (result != StepResult.COMPLETED && result != StepResult.REPEATING) {
                return result + " " + executor.reason();
            }
            if (done) {
                boolean counted = ram.get(JAVA_INT_UNALIGNED, SystemPlace.VARS) == 1;
                return counted ? "" : "the kernel's own state was overwritten";
            }
        }
        return "endless";
    }

    /** Whether the next instruction is neither the kernel's nor the case's: what it meets there isn't the same everywhere. */
    private boolean isAstray() {
        long linear = state.segment(CpuState.CS).base() + state.rip() & 0xFFFFFFFFL;
        boolean kernel = linear >= SystemPlace.KERNEL && linear < SystemPlace.HOME_STACK
                || linear >= SystemPlace.REAL && linear < SystemPlace.VARS;
        long inWorld = linear - SystemPlace.WORLD - SystemPlace.CODE;
        return !kernel && (inWorld < 0 || inWorld >= SystemPlace.CODE_BYTES);
    }

    /** As the code in ROM leaves it. */
    private void reset() {
        state = new CpuState();
        executor = executor();
        state.setCr0(0x11);
        state.segment(CpuState.CS).set(SystemPlace.CODE_32, 0, -1, 0xC09B);
        for (int s : new int[] {CpuState.SS, CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS}) {
            state.segment(s).set(SystemPlace.DATA_32, 0, -1, 0xC093);
        }
        state.segment(CpuState.LDTR).set(0, 0, 0, 0x10000);
        state.segment(CpuState.TR).set(0, 0, 0xFFFF, 0x8B);
        state.setRflags(2);
        state.setRip(SystemPlace.KERNEL);
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public void out(int port, int size, int value) {
        done |= port == SystemPlace.PORT_DONE;
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        java.util.Arrays.fill(result, 0);
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
        return index < 0x200 && index >= 0x174;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return index < 0x200 && index >= 0x174;
    }

    @Override
    public void close() {
        // Nothing is held but memory.
    }
}
