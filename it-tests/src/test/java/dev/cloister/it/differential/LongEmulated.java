package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.LocalApicMsrs;
import dev.cloister.emulator.model.ModelEnvironment;
import dev.cloister.emulator.model.Topology;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The emulator, with the processor model "max", as a machine of the test kernel of IA-32e mode. One thread. */
final class LongEmulated implements SystemMachine, PortIo {
    /** Instructions, counting each turn of a repeated one, within which a case with all that the kernel does must have ended. */
    private static final int BOUND = 20_000;

    /** What QEMU has. */
    private static final int PHYSICAL_BITS = 40;

    private static final long HERTZ = 1_000_000_000L;

    private final MemorySegment ram = Arena.ofAuto().allocate(SystemPlace.RAM, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
    private CpuState state = new CpuState();
    private Executor executor = executor();
    private boolean done;

    private Executor executor() {
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
    public List<SystemOutcome> run(List<SystemCase> cases) {
        List<SystemOutcome> outcomes = new ArrayList<>();
        boolean fresh = true;
        for (SystemCase c : cases) {
            c.write(ram, 0);
            if (fresh) {
                LongImage.fill(ram);
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
    public void close() {
        // Nothing is held but memory.
    }
}
