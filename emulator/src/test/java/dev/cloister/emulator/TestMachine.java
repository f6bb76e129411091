package dev.cloister.emulator;

import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.cpu.StepResult;
import java.util.HexFormat;

/** A processor with flat memory of 1 MiB at linear 0x10000000, for tests. */
final class TestMachine implements LinearMemory, PortIo, CpuEnvironment {
    static final long BASE = 0x10000000L;
    static final int SIZE = 1 << 20;
    static final long CODE = BASE + 0x80000;

    final CpuState state = new CpuState();
    final byte[] memory = new byte[SIZE];
    final Executor executor = new Executor(state, this, this, this);
    final java.util.Map<Integer, Long> msrs = new java.util.HashMap<>();
    final CpuException exception = new CpuException();
    int lastOut = -1;

    /** 64-bit mode with flat segments at the given privilege level. */
    TestMachine(int cpl) {
        state.setCr0(0x80050033L);
        state.setCr4(0x506A0L);
        state.setEfer(0xD01);
        state.setXcr0(7);
        int flat = 0x8093 | cpl << 5;
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x10 | cpl, 0, -1, flat | 0x4000);
        }
        state.segment(CpuState.CS).set(0x08 | cpl, 0, -1, 0xA09B | cpl << 5);
        state.setRip(CODE);
        state.setRflags(2);
        state.setGpr(CpuState.RSP, BASE + 0x8000);
    }

    /** 32-bit protected mode with flat segments at CPL 0 and no paging. */
    static TestMachine protectedMode() {
        TestMachine m = new TestMachine(0);
        m.state.setCr0(0x33);
        m.state.setEfer(0);
        m.state.segment(CpuState.CS).set(0x08, 0, -1, 0xC09B);
        return m;
    }

    TestMachine code(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        System.arraycopy(bytes, 0, memory, (int) (CODE - BASE), bytes.length);
        state.setRip(CODE);
        return this;
    }

    StepResult run(String hex) {
        return code(hex).executor.step();
    }

    long peek(long linear, int size) {
        return read(linear, size, 0);
    }

    void poke(long linear, int size, long value) {
        write(linear, size, value, 0);
    }

    private int at(long linear, int size, int access) {
        if (linear < BASE || linear + size > BASE + SIZE) {
            throw exception.pageFault(linear < BASE ? linear : Math.max(linear, BASE + SIZE), access & 5);
        }
        return (int) (linear - BASE);
    }

    @Override
    public long read(long linear, int size, int access) {
        int at = at(linear, size, access);
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= (memory[at + n] & 0xFFL) << 8 * n;
        }
        return value;
    }

    @Override
    public void write(long linear, int size, long value, int access) {
        int at = at(linear, size, access | WRITE);
        for (int n = 0; n < size; n++) {
            memory[at + n] = (byte) (value >>> 8 * n);
        }
    }

    @Override
    public void probe(long linear, int length, int access) {
        at(linear, length, access);
    }

    @Override
    public int fetch(long linear, byte[] into, int offset, int length, int access) {
        at(linear, 1, access);
        int count = (int) Math.min(length, BASE + SIZE - linear);
        System.arraycopy(memory, (int) (linear - BASE), into, offset, count);
        return count;
    }

    @Override
    public int in(int port, int size) {
        return port;
    }

    @Override
    public void out(int port, int size, int value) {
        lastOut = port << 16 | value & 0xFFFF;
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

    @Override
    public long timestampCounter() {
        return 0x1_2345_6789L;
    }

    @Override
    public long random() {
        return 42;
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        value[0] = msrs.getOrDefault(index, 0L);
        return index != 0x12345;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        msrs.put(index, value);
        return index != 0x12345;
    }
}
