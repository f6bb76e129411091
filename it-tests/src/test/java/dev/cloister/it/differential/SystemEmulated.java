package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The emulator as a machine of one of the test kernels. One thread. */
abstract class SystemEmulated implements SystemMachine, PortIo {
    /** Instructions, counting each turn of a repeated one, within which a case with all that the kernel does must have ended. */
    private static final int BOUND = 20_000;

    private final MemorySegment ram = Arena.ofAuto().allocate(SystemPlace.RAM, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
    private CpuState state = new CpuState();
    private Executor executor = executor(state, memory);
    private boolean done;

    /** The processor's, with its state; this is its ports. */
    abstract Executor executor(CpuState state, GuestMemory memory);

    /** Puts the kernel into memory. */
    abstract void fill(MemorySegment ram);

    /** Whether the next instruction is neither the kernel's nor the case's: what it meets there isn't the same everywhere. */
    abstract boolean isAstray(CpuState state);

    @Override
    public List<SystemOutcome> run(List<SystemCase> cases) {
        List<SystemOutcome> outcomes = new ArrayList<>();
        boolean fresh = true;
        for (SystemCase c : cases) {
            c.write(ram, 0);
            if (fresh) {
                fill(ram);
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
            if (isAstray(state)) {
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

    /** As the code in ROM leaves it. */
    private void reset() {
        state = new CpuState();
        executor = executor(state, memory);
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
    public void close() {
        // Nothing is held but memory.
    }
}
