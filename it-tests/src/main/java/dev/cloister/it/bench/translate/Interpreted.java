package dev.cloister.it.bench.translate;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.MemorySegment;

/** The region in the interpreter, at CPL 0 in 64-bit mode, in the memory and under the tables that {@link NativeRegion} has. */
final class Interpreted {
    private static final long CODE = 0x10000;
    private static final int SLICE = 1 << 20;
    private static final int MAX_PHY_ADDR = 52;
    private static final int FLAT_DATA = 0xC093;
    private static final int FLAT_CODE = 0xA09B;

    private final CpuState state = new CpuState();
    private final Executor executor;
    private final TlbMemory linear;

    Interpreted(MemorySegment ram) {
        GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
        Nothing nothing = new Nothing();
        linear = new TlbMemory(state, memory, nothing, MAX_PHY_ADDR, true);
        executor = new Executor(state, linear, nothing, nothing);
    }

    private void begin() {
        state.setCr0(0x80050033L);
        state.setCr3(0x1000);
        state.setCr4(0x20);
        state.setEfer(0xD00);
        state.segment(CpuState.CS).set(0x10, 0, -1, FLAT_CODE);
        for (int s : new int[] {CpuState.SS, CpuState.DS, CpuState.ES}) {
            state.segment(s).set(0x18, 0, -1, FLAT_DATA | SegmentRegister.PRESENT);
        }
        state.setRip(CODE);
        state.setRflags(2);
        linear.refresh();
    }

    /** The memory, its registers set, for code that doesn't go through the executor. */
    TlbMemory memory() {
        begin();
        return linear;
    }

    /** Runs from the start to the end. */
    void run(long[] gpr) {
        begin();
        System.arraycopy(gpr, 0, state.gprs(), 0, gpr.length);
        StepResult result;
        do {
            result = executor.run(SLICE);
        } while (result == StepResult.COMPLETED || result == StepResult.REPEATING);
        if (result != StepResult.SHUTDOWN) {
            // There is no IDT: the ud2 at the end becomes a triple fault.
            throw new IllegalStateException("the interpreter ended with " + result + ": " + executor.reason());
        }
        System.arraycopy(state.gprs(), 0, gpr, 0, gpr.length);
    }

    /** A processor alone. */
    private static final class Nothing implements PortIo, CpuEnvironment, DeviceWindow {
        @Override
        public int in(int port, int size) {
            return -1;
        }

        @Override
        public void out(int port, int size, int value) {
            throw new IllegalStateException("the hot mix uses no port");
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
            return false;
        }

        @Override
        public long read(long gpa, int size) {
            return -1;
        }

        @Override
        public void write(long gpa, int size, long value) {
            throw new IllegalStateException("the hot mix stays in its memory");
        }

        @Override
        public boolean writeMsr(int index, long value) {
            return false;
        }
    }
}
