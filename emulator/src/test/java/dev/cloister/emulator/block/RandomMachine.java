package dev.cloister.emulator.block;

import dev.cloister.emulator.Executor;
import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A processor with 1 MiB of memory for random programs. Code at 64 KiB (and, where paging is on, again at 1 MiB + 64 KiB), data at
 * 128 KiB, a page that isn't there at 160 KiB, one that can't be written at 164 KiB, stack at 192 KiB; every exception is handled by
 * code in the code pages.
 */
final class RandomMachine implements PortIo, CpuEnvironment, DeviceWindow {
    static final int MEMORY = 1 << 20;
    static final int CODE = 0x10000;
    static final int CODE_BYTES = 0x2000;
    static final int ALIAS = 0x110000;
    static final int DATA = 0x20000;
    static final int ABSENT = 0x28000;
    static final int READ_ONLY = 0x29000;
    static final int STACK = 0x30000;

    private static final int IDT = 0x4000;
    private static final int GDT = 0x5000;
    private static final int TSS = 0x6000;
    static final int TABLES = 0x8000;

    /** The ways in which programs are run. */
    enum Setting {
        LONG,
        LONG_USER,
        PROTECTED,
        PROTECTED_PAGED,
        SEGMENTED,
        REAL
    }

    final Arena arena = Arena.ofAuto();
    final MemorySegment ram = arena.allocate(MEMORY, 4096);
    final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();
    final CpuState state = new CpuState();
    final TlbMemory linear = new TlbMemory(state, memory, this, 40, true);
    final Executor executor = new Executor(state, linear, this, this);
    private long ports;

    RandomMachine(Setting setting) {
        switch (setting) {
            case LONG -> longMode(0);
            case LONG_USER -> longMode(3);
            case PROTECTED, PROTECTED_PAGED, SEGMENTED -> protectedMode(setting);
            case REAL -> realMode();
        }
        state.setRflags(2);
    }

    static int bits(Setting setting) {
        return switch (setting) {
            case LONG, LONG_USER -> 64;
            case PROTECTED, PROTECTED_PAGED, SEGMENTED -> 32;
            case REAL -> 16;
        };
    }

    private void table(long at, int index, long entry) {
        memory.writeLong(at + 8L * index, entry);
    }

    private static long entry(int page) {
        if (page << 12 == ABSENT) {
            return 0;
        }
        // Accessed already: a processor may set that flag early, and the two interpreters differ in when.
        long flags = page << 12 == READ_ONLY ? 0x25 : 0x27;
        return page < 256 ? (long) page << 12 | flags : (long) (page - 256) << 12 | flags;
    }

    private void longMode(int cpl) {
        state.setCr0(0x80050033L & ~0x40000L);
        state.setCr4(0x6A0L);
        state.setEfer(0xD01);
        state.setXcr0(7);
        state.setCr3(TABLES);
        table(TABLES, 0, TABLES + 0x1000 | 7);
        table(TABLES + 0x1000, 0, TABLES + 0x2000 | 7);
        table(TABLES + 0x2000, 0, TABLES + 0x3000 | 7);
        for (int page = 0; page < 512; page++) {
            table(TABLES + 0x3000, page, entry(page));
        }
        long dpl = (long) cpl << 45;
        memory.writeLong(GDT + 8, 0x00209B0000000000L);
        memory.writeLong(GDT + 16, 0x00CF93000000FFFFL);
        memory.writeLong(GDT + 24, 0x00209B0000000000L | dpl);
        memory.writeLong(GDT + 32, 0x00CF93000000FFFFL | dpl);
        for (int vector = 0; vector < 256; vector++) {
            long offset = CODE + 64L * (vector & 31);
            memory.writeLong(IDT + 16 * vector, offset & 0xFFFF | 8L << 16 | 0xEE00L << 32);
            memory.writeLong(IDT + 16 * vector + 8, 0);
        }
        memory.writeLong(TSS + 4, STACK + 0x1800);
        tables(0xFFF);
        int flat = 0xC093 | cpl << 5;
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x20 | cpl, 0, -1, flat);
        }
        state.segment(CpuState.CS).set(0x18 | cpl, 0, -1, 0xA09B | cpl << 5);
        state.segment(CpuState.FS).setBase(DATA);
        state.segment(CpuState.TR).set(0x30, TSS, 0x67, 0x8B);
    }

    private void tables(int limit) {
        state.idtr().set(IDT, limit);
        state.gdtr().set(GDT, 0xFF);
    }

    private void protectedMode(Setting setting) {
        state.setCr0(0x10033L);
        state.setCr4(0x600L);
        state.setXcr0(7);
        boolean segmented = setting == Setting.SEGMENTED;
        long data = segmented ? 0x00409302000007FFFL : 0x00CF93000000FFFFL;
        memory.writeLong(GDT + 8, segmented ? 0x00409B010000FFFFL : 0x00CF9B000000FFFFL);
        memory.writeLong(GDT + 16, data);
        for (int vector = 0; vector < 256; vector++) {
            long offset = (segmented ? 0 : CODE) + 64L * (vector & 31);
            memory.writeLong(IDT + 8 * vector, offset & 0xFFFF | 8L << 16 | 0xEE00L << 32 | (offset >> 16) << 48);
        }
        tables(0x7FF);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x10, segmented ? DATA : 0, segmented ? 0x7FFF : -1, segmented ? 0x4093 : 0xC093);
        }
        state.segment(CpuState.SS).set(0x10, 0, -1, 0xC093);
        state.segment(CpuState.CS)
                .set(0x08, segmented ? CODE : 0, segmented ? 0xFFFF : -1, segmented ? 0x409B : 0xC09B);
        if (setting == Setting.PROTECTED_PAGED) {
            memory.writeInt(TABLES, TABLES + 0x1000 | 7);
            for (int page = 0; page < 512; page++) {
                memory.writeInt(TABLES + 0x1000 + 4L * page, (int) entry(page));
            }
            state.setCr3(TABLES);
            state.setCr0(0x80010033L);
        }
    }

    private void realMode() {
        state.setCr0(0x30);
        state.setCr4(0x600L);
        state.setXcr0(7);
        state.idtr().set(0, 0x3FF);
        for (int vector = 0; vector < 256; vector++) {
            memory.writeInt(4L * vector, CODE >> 4 << 16 | 64 * (vector & 31));
        }
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(DATA >> 4, DATA, 0xFFFF, 0x93);
        }
        state.segment(CpuState.SS).set(STACK >> 4, STACK, 0xFFFF, 0x93);
        state.segment(CpuState.CS).set(CODE >> 4, CODE, 0xFFFF, 0x9B);
    }

    @Override
    public long read(long gpa, int size) {
        return -1L >>> 64 - 8 * size;
    }

    @Override
    public void write(long gpa, int size, long value) {
        ports = ports * 31 + gpa + value;
    }

    @Override
    public int in(int port, int size) {
        return port;
    }

    @Override
    public void out(int port, int size, int value) {
        ports = ports * 31 + port + value;
    }

    long ports() {
        return ports;
    }

    @Override
    public void cpuid(int leaf, int subleaf, int[] result) {
        java.util.Arrays.fill(result, leaf);
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
        value[0] = index;
        return true;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return true;
    }
}
