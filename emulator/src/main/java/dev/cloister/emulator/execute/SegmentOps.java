package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;

/** Loads of data segment registers with their checks (Intel SDM vol. 2, MOV and LDS/LES/LFS/LGS/LSS). */
public final class SegmentOps {
    private SegmentOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> loadPair(x, i, CpuState.DS), "lds");
        table.put((x, i) -> loadPair(x, i, CpuState.ES), "les");
        table.put((x, i) -> loadPair(x, i, CpuState.SS), "lss");
        table.put((x, i) -> loadPair(x, i, CpuState.FS), "lfs");
        table.put((x, i) -> loadPair(x, i, CpuState.GS), "lgs");
    }

    private static void loadPair(Execution x, Instruction i, int segment) {
        int size = i.operandSize;
        int from = x.segmentOf(i);
        long at = x.effective(i);
        long offset = x.read(from, at, size, 0);
        int selector = (int) x.read(from, at + size & Execution.mask(i.addressSize), 2, 0);
        load(x, segment, selector);
        x.setRegister(i.registers[0], size, offset);
    }

    /** Loads ES, SS, DS, FS or GS; CS raises #UD. */
    public static void load(Execution x, int segment, int from) {
        int selector = from & 0xFFFF;
        if (segment == CpuState.CS) {
            throw x.fault(CpuException.UD);
        }
        x.protectSegments();
        if (!x.mode.usesDescriptors()) {
            x.state.segment(segment).loadReal(selector);
        } else if (segment == CpuState.SS) {
            loadStack(x, selector, x.cpl, CpuException.GP);
        } else {
            loadData(x, segment, selector, CpuException.GP);
        }
        boolean stack = segment == CpuState.SS;
        x.shadow |= stack;
        x.stackLoad |= stack;
    }

    public static void loadNull(Execution x, int segment, int selector) {
        SegmentRegister register = x.state.segment(segment);
        // The base of a null FS or GS is cleared as Intel's processors do it; what remains is unusable.
        register.set(selector, 0, 0, SegmentRegister.UNUSABLE);
    }

    /** Loads a data segment register; the vector says how a bad selector is reported: #GP, or #TS in a task switch. */
    static void loadData(Execution x, int segment, int selector, int vector) {
        if ((selector & ~3) == 0) {
            loadNull(x, segment, selector);
            return;
        }
        long descriptor = x.segmentation.descriptor(selector, vector);
        int type = Segmentation.type(descriptor);
        boolean readable = (type & 0x10) != 0 && ((type & 8) == 0 || (type & 2) != 0);
        boolean free = (type & 0x0C) == 0x0C;
        int dpl = Segmentation.dpl(descriptor);
        if (!readable || !free && (selector & 3) > dpl || !free && x.cpl > dpl) {
            throw x.fault(vector, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        x.segmentation.install(segment, selector, x.segmentation.markAccessed(selector, descriptor));
    }

    /** Loads SS for a privilege level; the vector says how a bad selector is reported (#GP, or #TS for one from the TSS). */
    public static void loadStack(Execution x, int selector, int cpl, int vector) {
        if ((selector & ~3) == 0) {
            nullStack(x, selector, cpl, vector);
            return;
        }
        long descriptor = x.segmentation.descriptor(selector, vector);
        boolean writable = (Segmentation.type(descriptor) & 0x1A) == 0x12;
        if ((selector & 3) != cpl || !writable || Segmentation.dpl(descriptor) != cpl) {
            throw x.fault(vector, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.SS, selector & ~3);
        }
        x.segmentation.install(CpuState.SS, selector, x.segmentation.markAccessed(selector, descriptor));
    }

    /** A null SS is allowed in 64-bit mode below CPL 3; its DPL must stay the CPL. */
    private static void nullStack(Execution x, int selector, int cpl, int vector) {
        if (!x.long64 || cpl == 3 || (selector & 3) != cpl) {
            throw x.fault(vector);
        }
        setNullStack(x, selector, cpl);
    }

    public static void setNullStack(Execution x, int selector, int cpl) {
        x.state.segment(CpuState.SS).set(selector, 0, 0, SegmentRegister.UNUSABLE | cpl << 5);
    }
}
