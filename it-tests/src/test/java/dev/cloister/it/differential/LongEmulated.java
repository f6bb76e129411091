package dev.cloister.it.differential;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.LocalApicMsrs;
import dev.cloister.emulator.model.ModelEnvironment;
import dev.cloister.emulator.model.Topology;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.MemorySegment;

/** The emulator, with the processor model "max", as a machine of the test kernel of IA-32e mode. */
final class LongEmulated extends SystemEmulated {
    /** What QEMU has. */
    private static final int PHYSICAL_BITS = 40;

    private static final long HERTZ = 1_000_000_000L;

    @Override
    Executor executor(CpuState state, GuestMemory memory) {
        ModelEnvironment environment = new ModelEnvironment(new ModelEnvironment.Parts(
                CpuModel.of("max").withPhysicalBits(PHYSICAL_BITS),
                state,
                Topology.SINGLE,
                () -> 0,
                HERTZ,
                () -> 0,
                LocalApicMsrs.none(true)));
        return new Executor(
                state, new PagedMemory(state, memory, new WalkContext(PHYSICAL_BITS, true)), this, environment);
    }

    @Override
    void fill(MemorySegment ram) {
        LongImage.fill(ram);
    }

    @Override
    boolean isAstray(CpuState state) {
        boolean wide = state.efer() != 0 && (state.segment(CpuState.CS).attributes() & 0x2000) != 0;
        long linear = wide ? state.rip() : state.segment(CpuState.CS).base() + state.rip() & 0xFFFFFFFFL;
        boolean kernel = linear >= SystemPlace.KERNEL && linear < SystemPlace.HOME_STACK;
        long page = linear & -4096L;
        boolean world = page == SystemPlace.WORLD
                || page >= LongPlace.WINDOW && page < LongPlace.WINDOW + 4096L * LongPlace.WINDOW_RIGHTS.length;
        long inCode = (linear & 4095) - SystemPlace.CODE;
        boolean canonical = linear << 16 >> 16 == linear;
        return canonical && !kernel && (!world || inCode < 0 || inCode >= SystemPlace.CODE_BYTES);
    }
}
