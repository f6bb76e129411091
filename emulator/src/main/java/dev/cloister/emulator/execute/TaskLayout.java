package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.SegmentRegister;

/** The two layouts of a task state segment (Intel SDM vol. 3, figures 8-2 and 8-10), and moving registers to and from it. */
final class TaskLayout {
    private static final int GENERAL = 8;
    private static final int PAGE_DIRECTORY = 28;
    private static final int TRAP = 100;
    private static final TaskLayout NARROW = new TaskLayout(2, 44, 14, 34, 4, 42);
    private static final TaskLayout WIDE = new TaskLayout(4, 104, 32, 72, 6, 96);
    private static final int[] LOAD_ORDER = {CpuState.SS, CpuState.ES, CpuState.DS, CpuState.FS, CpuState.GS};

    private final int width;
    private final int size;
    private final int instruction;
    private final int selectors;
    private final int segments;
    private final int localTable;

    private TaskLayout(int width, int size, int instruction, int selectors, int segments, int localTable) {
        this.width = width;
        this.size = size;
        this.instruction = instruction;
        this.selectors = selectors;
        this.segments = segments;
        this.localTable = localTable;
    }

    static TaskLayout of(boolean wide) {
        return wide ? WIDE : NARROW;
    }

    /** Bytes that every such segment has. */
    int size() {
        return size;
    }

    private long get(Execution x, long base, int offset, int bytes) {
        return x.segmentation.readSystem(base + offset, bytes);
    }

    private void put(Execution x, long base, int offset, int bytes, long value) {
        x.segmentation.writeSystem(base + offset, bytes, value);
    }

    /** Saves the present task; CR3 and LDTR are not saved. */
    void save(Execution x, long base, long rip, long flags) {
        put(x, base, instruction, width, rip);
        put(x, base, instruction + width, width, flags);
        for (int n = 0; n < GENERAL; n++) {
            put(x, base, instruction + (2 + n) * width, width, x.state.gprs()[n]);
        }
        for (int s = 0; s < segments; s++) {
            put(x, base, selectors + s * width, 2, x.state.segment(s).selector());
        }
    }

    /** Loads CR3, EIP, EFLAGS and the general registers. */
    void load(Execution x, long base) {
        CpuState state = x.state;
        long flags = get(x, base, instruction + width, width);
        x.nextRip = get(x, base, instruction, width);
        for (int n = 0; n < GENERAL; n++) {
            // The upper halves become ones, as processors do it where the segment has only the lower ones.
            state.gprs()[n] = get(x, base, instruction + (2 + n) * width, width) | (width == 2 ? 0xFFFF0000L : 0);
        }
        long defined = width == 2 ? Flags.ALL & 0xFFFF : Flags.ALL;
        // The selectors are in before their descriptors are looked at.
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            int selector = s < segments ? (int) get(x, base, selectors + s * width, 2) : 0;
            state.segment(s).set(selector, 0, 0, SegmentRegister.UNUSABLE);
        }
        int table = (int) get(x, base, localTable, 2);
        boolean paging = width == 4 && state.flagCr0(ControlBits.CR0_PG);
        long directory = paging ? get(x, base, PAGE_DIRECTORY, 4) : 0;
        state.setRflags(flags & defined | Flags.RESERVED);
        state.segment(CpuState.LDTR).set(table, 0, 0, SegmentRegister.UNUSABLE);
        int level = (flags & defined & Flags.VM) != 0
                ? 3
                : state.segment(CpuState.CS).selector() & 3;
        // SS.DPL is the CPL, also while SS itself isn't valid yet.
        state.segment(CpuState.SS)
                .set(state.segment(CpuState.SS).selector(), 0, 0, SegmentRegister.UNUSABLE | level << 5);
        if (paging) {
            state.setCr3(directory);
            x.segmentation.memory().loadedCr3(false);
        }
    }

    boolean wantsTrap(Execution x, long base) {
        return width == 4 && (get(x, base, TRAP, 1) & 1) != 0;
    }

    /** Loads the descriptors of the new task's selectors; faults are #TS but for absent segments (SDM vol. 3, table 8-1). */
    void loadSegments(Execution x, long base) {
        CpuState state = x.state;
        loadLocalTable(x, state.segment(CpuState.LDTR).selector());
        if (state.flag(Flags.VM)) {
            Virtual8086.loadSegments(x);
            x.refresh();
            x.commitTask();
            return;
        }
        loadCode(x, state.segment(CpuState.CS).selector());
        x.refresh();
        for (int s : LOAD_ORDER) {
            int selector = state.segment(s).selector();
            if (s == CpuState.SS) {
                SegmentOps.loadStack(x, selector, x.cpl, CpuException.TS);
            } else {
                SegmentOps.loadData(x, s, selector, CpuException.TS);
            }
        }
        x.refresh();
        x.commitTask();
    }

    private static void loadLocalTable(Execution x, int selector) {
        if ((selector & ~3) == 0) {
            return;
        }
        if ((selector & 4) != 0) {
            throw x.fault(CpuException.TS, selector & ~3);
        }
        long descriptor = x.segmentation.descriptor(selector, CpuException.TS);
        if (Segmentation.type(descriptor) != 2 || !Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.TS, selector & ~3);
        }
        x.segmentation.install(CpuState.LDTR, selector, descriptor);
    }

    private static void loadCode(Execution x, int selector) {
        if ((selector & ~3) == 0) {
            throw x.fault(CpuException.TS);
        }
        long descriptor = x.segmentation.descriptor(selector, CpuException.TS);
        int dpl = Segmentation.dpl(descriptor);
        int rpl = selector & 3;
        boolean fits = Segmentation.isConforming(descriptor) ? dpl <= rpl : dpl == rpl;
        if (!Segmentation.isCode(descriptor) || !fits) {
            throw x.fault(CpuException.TS, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        x.segmentation.install(CpuState.CS, selector, x.segmentation.markAccessed(selector, descriptor));
    }
}
