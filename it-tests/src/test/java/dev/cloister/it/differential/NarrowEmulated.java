package dev.cloister.it.differential;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The emulator, with next to nothing around the processor, as a machine of the test kernel without paging. */
final class NarrowEmulated extends SystemEmulated implements CpuEnvironment {
    @Override
    Executor executor(CpuState state, GuestMemory memory) {
        return new Executor(state, new PagedMemory(state, memory, new WalkContext()), this, this);
    }

    @Override
    void fill(MemorySegment ram) {
        SystemImage.fill(ram);
    }

    @Override
    boolean isAstray(CpuState state) {
        long linear = state.segment(CpuState.CS).base() + state.rip() & 0xFFFFFFFFL;
        boolean kernel = linear >= SystemPlace.KERNEL && linear < SystemPlace.HOME_STACK
                || linear >= SystemPlace.REAL && linear < SystemPlace.VARS;
        long inWorld = linear - SystemPlace.WORLD - SystemPlace.CODE;
        return !kernel && (inWorld < 0 || inWorld >= SystemPlace.CODE_BYTES);
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        Arrays.fill(result, 0);
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
}
