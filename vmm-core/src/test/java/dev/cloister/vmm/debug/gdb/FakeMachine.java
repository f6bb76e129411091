package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import dev.cloister.vmm.debug.DebugMachine;
import dev.cloister.vmm.debug.DebugTarget;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** A machine of vCPUs that never run, with 64 KiB of memory from gpa 0 and 4 KiB of ROM at 1 MiB; paging is off. */
final class FakeMachine implements DebugMachine {
    static final int MEMORY = 64 << 10;
    static final int ROM = 1 << 20;
    static final int PAGE = 4096;

    final List<CpuState> states = new ArrayList<>();
    final GuestMemory memory = GuestMemory.builder()
            .ram("RAM", 0, MemorySegment.ofArray(new long[MEMORY / 8]))
            .rom("ROM", ROM, MemorySegment.ofArray(new long[512]))
            .build();
    private final List<DebugTarget> targets = new ArrayList<>();
    int resumes;
    int kills;
    int stores;
    boolean narrow;

    FakeMachine(int vcpus) {
        for (int i = 0; i < vcpus; i++) {
            CpuState state = new CpuState();
            states.add(state);
            targets.add(target(i, state));
        }
    }

    /** Puts a vCPU into 64-bit mode, with four pages of tables in RAM that map RAM to itself. */
    void turnPagingOn(CpuState state, int tables) {
        state.setCr0(0x8000_0001L);
        state.setCr4(0x20);
        state.setEfer(0x500);
        state.setCr3(tables);
        state.segment(CpuState.CS).set(8, 0, 0xffff_ffff, 0xa09b);
        for (int level = 0; level < 3; level++) {
            memory.writeLong(tables + level * PAGE, tables + (level + 1L) * PAGE | 3);
        }
        for (int page = 0; page < MEMORY / PAGE; page++) {
            memory.writeLong(tables + 3 * PAGE + 8 * page, (long) page * PAGE | 3);
        }
    }

    private DebugTarget target(int number, CpuState state) {
        return new DebugTarget() {
            @Override
            public int id() {
                return number;
            }

            @Override
            public CpuState load() {
                return state;
            }

            @Override
            public void store() {
                stores++;
            }

            @Override
            public OptionalLong msr(int index) {
                return OptionalLong.of(index);
            }

            @Override
            public String condition() {
                return number == 0 ? "" : "halted";
            }
        };
    }

    @Override
    public List<DebugTarget> targets() {
        return targets;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public WalkContext walkContext() {
        return new WalkContext(52, true);
    }

    @Override
    public boolean isNarrow() {
        return narrow;
    }

    @Override
    public void requestStop() {
        // They never run.
    }

    @Override
    public boolean awaitStill() {
        return true;
    }

    @Override
    public boolean resume() {
        resumes++;
        return true;
    }

    @Override
    public void standWhile(BooleanSupplier held) {
        throw new AssertionError("no vCPU runs");
    }

    @Override
    public void kill() {
        kills++;
    }

    @Override
    public int exitCode() {
        return 42;
    }

    @Override
    public String describe(CpuState state) {
        return "rip " + state.rip() + "\n";
    }
}
