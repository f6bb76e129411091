package dev.cloister.it.bench;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/** The emulator's processor with memory and one port: what a guest needs that says S, works, and says E. Used by one thread. */
final class EmulatedBoard implements PortIo, CpuEnvironment, DeviceWindow {
    private static final long RAM = 64L << 20;
    private static final long ORIGIN = 0x100000;
    private static final int PORT = 0xe9;
    private static final int SLICE = 1_000_000;
    private static final int CODE = 0xC09B;
    private static final int DATA = 0xC093;

    private final Executor executor;
    private long nanos;
    private long instructions;

    /** Nanoseconds of the thread's processor time and instructions between S and E. */
    record Work(long nanos, long instructions) {}

    private EmulatedBoard(Arena arena, byte[] image) {
        GuestMemory memory = GuestMemory.builder()
                .ram("ram", 0, arena.allocate(RAM, GuestMemory.PAGE_BYTES))
                .build();
        memory.write(ORIGIN, image, 0, image.length);
        CpuState state = new CpuState();
        state.setCr0(0x11);
        state.setRip(ORIGIN);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            boolean code = s == CpuState.CS;
            state.segment(s).set(code ? 8 : 16, 0, -1, code ? CODE : DATA);
        }
        executor = new Executor(state, new TlbMemory(state, memory, this, 40, true), this, this);
    }

    /** Runs a flat image in 32-bit protected mode until it halts. */
    static Work run(byte[] image) {
        try (Arena arena = Arena.ofShared()) {
            EmulatedBoard board = new EmulatedBoard(arena, image);
            StepResult result = StepResult.COMPLETED;
            while (result == StepResult.COMPLETED || result == StepResult.REPEATING) {
                result = board.executor.run(SLICE);
            }
            if (result != StepResult.HALTED) {
                throw new IllegalStateException("the guest ended with " + result + " " + board.executor.reason());
            }
            return new Work(board.nanos, board.instructions);
        }
    }

    @Override
    public void out(int port, int size, int value) {
        if (port == PORT) {
            long now = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            nanos = now - nanos;
            instructions = executor.completed() - instructions;
        }
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public long read(long gpa, int size) {
        return -1;
    }

    @Override
    public void write(long gpa, int size, long value) {
        // Nothing is there.
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        Arrays.fill(result, 0);
    }

    @Override
    public long timestampCounter() {
        return System.nanoTime();
    }

    @Override
    public long random() {
        return 4;
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        value[0] = 0;
        return true;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return true;
    }
}
