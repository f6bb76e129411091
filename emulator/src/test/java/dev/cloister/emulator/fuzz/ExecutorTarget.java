package dev.cloister.emulator.fuzz;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.PagedMemory;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WalkContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Executes the bytes, in a mode and a state that the first of them choose: one instruction after another, or as blocks. Memory is a
 * mebibyte, filled by the same bytes, with tables in it that may be anything. Each step answers something declared, and leaves a state
 * that a processor can be in.
 */
final class ExecutorTarget implements Consumer<byte[]> {
    private static final int RAM = 1 << 20;
    private static final int CODE = 0x8000;
    private static final int STEPS = 60;
    private static final int HEAD = 10;
    private static final int FLAT_CODE = 0xC09B;
    private static final int FLAT_DATA = 0xC093;

    private final boolean blocks;
    private final MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
    private final CpuState state = new CpuState();
    private final Executor executor;

    ExecutorTarget(boolean blocks) {
        this.blocks = blocks;
        Surroundings surroundings = new Surroundings();
        LinearMemory linear = blocks
                ? new TlbMemory(state, memory, surroundings, 46, true)
                : new PagedMemory(state, memory, new WalkContext());
        executor = new Executor(state, linear, surroundings, surroundings);
    }

    @Override
    public void accept(byte[] data) {
        if (data.length < HEAD + 1) {
            return;
        }
        Random random = new Random(Arrays.hashCode(Arrays.copyOf(data, HEAD)));
        fill(random);
        byte[] code = Arrays.copyOfRange(data, HEAD, Math.min(data.length, HEAD + 4096));
        memory.write(CODE, code, 0, code.length);
        set(data, random);
        for (int n = 0; n < STEPS; n++) {
            StepResult result = blocks ? executor.run(20) : executor.stepAndDeliver();
            check(result);
            if (result != StepResult.COMPLETED && result != StepResult.REPEATING) {
                return;
            }
        }
    }

    private void fill(Random random) {
        byte[] page = new byte[4096];
        random.nextBytes(page);
        for (int at = 0; at < RAM; at += page.length) {
            memory.write(at, page, 0, page.length);
        }
        // A table that maps the first 2 MiB to itself, so that paging often works.
        memory.writeLong(0x1000, 0x2007);
        memory.writeLong(0x2000, 0x3007);
        memory.writeLong(0x3000, 0x87);
    }

    private void set(byte[] data, Random random) {
        state.reset();
        for (int r = 0; r < 16; r++) {
            state.setGpr(r, random.nextBoolean() ? random.nextInt(RAM) : random.nextLong());
        }
        state.gdtr().set(random.nextInt(RAM), random.nextInt(0x10000));
        state.idtr().set(random.nextInt(RAM), random.nextInt(0x10000));
        boolean user = (data[1] & 1) != 0;
        int level = user ? 0x60 : 0;
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(user ? 3 : 0, 0, -1, FLAT_DATA | level);
        }
        state.segment(CpuState.CS).set(user ? 3 : 8, 0, -1, FLAT_CODE | level);
        state.segment(CpuState.TR).set(0x28, random.nextInt(RAM), 0x67, 0x8B);
        state.setRip(CODE);
        state.setRflags(2 | random.nextInt() & 0x254FD5);
        state.setCr3(0x1000);
        state.setCr4(data[2] << 8 & 0x10600 | 0x40620);
        state.setXcr0(7);
        mode(data[0]);
    }

    private void mode(int mode) {
        switch (mode & 7) {
            case 0 -> real();
            case 1 -> {
                state.setCr0(0x11);
                state.setRflags(state.rflags() | Flags.VM);
                real();
                state.setCr0(0x11);
                state.segment(CpuState.SS).set(0, 0, 0xFFFF, 0xF3);
            }
            case 2 -> {
                state.setCr0(0x11);
                state.segment(CpuState.CS)
                        .set(8, 0, 0xFFFF, state.segment(CpuState.CS).attributes() & ~0xC000);
            }
            case 3, 4 -> state.setCr0(0x33);
            case 5 -> {
                state.setCr0(0x80050033L);
                state.setEfer(0xD01);
            }
            default -> {
                state.setCr0(0x80050033L);
                state.setEfer(0xD01);
                state.segment(CpuState.CS)
                        .set(8, 0, -1, state.segment(CpuState.CS).attributes() & ~0x4000 | 0x2000);
            }
        }
    }

    private void real() {
        state.setCr0(0x10);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0, 0, 0xFFFF, s == CpuState.CS ? 0x9B : 0x93);
        }
    }

    private void check(StepResult result) {
        boolean good = result != null
                && (result != StepResult.EXCEPTION || blocks)
                && (state.rflags() & Flags.RESERVED) != 0
                && (state.rflags() & ~Flags.ALL & ~Flags.RESERVED) == 0
                && ((state.cr0() & 0x80000000L) == 0 || (state.cr0() & 1) != 0);
        if (!good) {
            throw new AssertionError(result + " with rflags " + Long.toHexString(state.rflags()) + " cr0 "
                    + Long.toHexString(state.cr0()) + " after " + executor.text());
        }
    }

    /** Ports and MSRs that answer, none of which holds anything. */
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
            Arrays.fill(result, 0);
            if (leaf == 0xD && subleaf == 0) {
                result[0] = 7;
            } else if (leaf == 0xD && subleaf == 2) {
                result[0] = 256;
                result[1] = 576;
            }
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
            value[0] = index;
            return (index & 1) == 0;
        }

        @Override
        public boolean writeMsr(int index, long value) {
            return (index & 1) == 0;
        }
    }
}
