package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.DescriptorTable;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;

/** Descriptor-table registers, LDTR, TR, and the instructions that examine descriptors. */
public final class DescriptorTableOps {
    /** Types that LAR answers for, by bit: TSS, LDT, call and task gates; in long mode only the 64-bit ones. */
    private static final int LAR_LEGACY = 0x1A3E;

    private static final int LAR_LONG = 0x1A04;
    private static final int LSL_LEGACY = 0x0A0E;
    private static final int LSL_LONG = 0x0A04;

    private DescriptorTableOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> storeTable(x, i, x.state.gdtr()), "sgdt");
        table.put((x, i) -> storeTable(x, i, x.state.idtr()), "sidt");
        table.put((x, i) -> loadTable(x, i, x.state.gdtr()), "lgdt");
        table.put((x, i) -> loadTable(x, i, x.state.idtr()), "lidt");
        table.put((x, i) -> storeSelector(x, i, CpuState.LDTR), "sldt");
        table.put((x, i) -> storeSelector(x, i, CpuState.TR), "str");
        table.put((x, i) -> loadSystem(x, i, CpuState.LDTR), "lldt");
        table.put((x, i) -> loadSystem(x, i, CpuState.TR), "ltr");
        table.put(DescriptorTableOps::lar, "lar");
        table.put(DescriptorTableOps::lsl, "lsl");
        table.put((x, i) -> verify(x, i, false), "verr");
        table.put((x, i) -> verify(x, i, true), "verw");
        table.put(DescriptorTableOps::arpl, "arpl");
    }

    public static void checkUmip(Execution x) {
        if (x.cpl > 0 && (x.state.cr4() & ControlBits.CR4_UMIP) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void storeTable(Execution x, Instruction i, DescriptorTable table) {
        checkUmip(x);
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        int size = x.long64 ? 8 : 4;
        x.segmentation.probe(segment, at, size + 2, LinearMemory.WRITE);
        x.write(segment, at, 2, table.limit());
        x.write(segment, at + 2, size, table.base());
    }

    private static void loadTable(Execution x, Instruction i, DescriptorTable table) {
        x.requireSupervisor();
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        int limit = (int) x.read(segment, at, 2, 0);
        long base = x.read(segment, at + 2, x.long64 ? 8 : 4, 0);
        if (x.long64 && !x.segmentation.isBase(base)) {
            throw x.fault(CpuException.GP);
        }
        // A 16-bit operand size keeps 24 bits of the base.
        table.set(!x.long64 && i.operandSize == 2 ? base & 0xFFFFFF : base, limit);
    }

    private static void requireDescriptors(Execution x) {
        if (!x.mode.usesDescriptors()) {
            throw x.fault(CpuException.UD);
        }
    }

    private static void storeSelector(Execution x, Instruction i, int register) {
        requireDescriptors(x);
        checkUmip(x);
        x.set(i, 0, x.state.segment(register).selector());
    }

    private static void loadSystem(Execution x, Instruction i, int register) {
        requireDescriptors(x);
        x.requireSupervisor();
        int selector = (int) x.get(i, 0);
        if ((selector & ~3) == 0) {
            if (register == CpuState.TR) {
                throw x.fault(CpuException.GP);
            }
            x.state.segment(register).set(selector, 0, 0, SegmentRegister.UNUSABLE);
            return;
        }
        loadDescriptor(x, register, selector);
    }

    private static void loadDescriptor(Execution x, int register, int selector) {
        int size = x.state.isLongActive() ? 16 : 8;
        if ((selector & 4) != 0) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        long address = x.segmentation.descriptorAddress(selector, size, CpuException.GP);
        long descriptor = x.segmentation.readSystem(address, 8);
        int type = Segmentation.type(descriptor);
        boolean fits = register == CpuState.TR ? type == 9 || type == 1 && size == 8 : type == 2;
        if (!fits) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        install(x, register, selector, address, descriptor, size);
    }

    private static void install(Execution x, int register, int selector, long address, long descriptor, int size) {
        long high = size == 16 ? x.segmentation.readSystem(address + 8, 8) & 0xFFFFFFFFL : 0;
        long base = Segmentation.base(descriptor) | high << 32;
        if (size == 16 && !x.segmentation.isBase(base)) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        long marked = descriptor;
        if (register == CpuState.TR) {
            marked |= 2L << 40;
            x.segmentation.writeSystem(address + 5, 1, marked >>> 40);
        }
        x.state.segment(register).set(selector, base, Segmentation.limit(marked), Segmentation.attributes(marked));
    }

    /** Reads a descriptor without faulting on a bad selector: 0, which no valid descriptor is, says so. */
    private static long inspect(Execution x, int selector) {
        boolean local = (selector & 4) != 0;
        SegmentRegister ldt = x.state.segment(CpuState.LDTR);
        long limit = local ? ldt.limit() & 0xFFFFFFFFL : x.state.gdtr().limit();
        boolean absent = local && ldt.has(SegmentRegister.UNUSABLE);
        if ((selector & ~3) == 0 || absent || (selector & 0xFFF8) + 7 > limit) {
            return 0;
        }
        return x.segmentation.readSystem((local ? ldt.base() : x.state.gdtr().base()) + (selector & 0xFFF8), 8);
    }

    private static boolean visible(Execution x, int selector, long descriptor) {
        boolean conforming = (Segmentation.type(descriptor) & 0x1C) == 0x1C;
        int dpl = Segmentation.dpl(descriptor);
        return conforming || dpl >= x.cpl && dpl >= (selector & 3);
    }

    private static boolean examinable(Execution x, int selector, long descriptor, int legacy, int longTypes) {
        int type = Segmentation.type(descriptor);
        int allowed = x.state.isLongActive() ? longTypes : legacy;
        boolean known = (type & 16) != 0 || (allowed >> type & 1) != 0;
        return descriptor != 0 && known && visible(x, selector, descriptor);
    }

    private static void lar(Execution x, Instruction i) {
        requireDescriptors(x);
        int selector = (int) x.get(i, 1) & 0xFFFF;
        long descriptor = inspect(x, selector);
        boolean good = examinable(x, selector, descriptor, LAR_LEGACY, LAR_LONG);
        Alu.setFlag(x.state, Flags.ZF, good);
        if (good) {
            x.set(i, 0, descriptor >>> 32 & 0xFFFF00);
        }
    }

    private static void lsl(Execution x, Instruction i) {
        requireDescriptors(x);
        int selector = (int) x.get(i, 1) & 0xFFFF;
        long descriptor = inspect(x, selector);
        boolean good = examinable(x, selector, descriptor, LSL_LEGACY, LSL_LONG);
        Alu.setFlag(x.state, Flags.ZF, good);
        if (good) {
            x.set(i, 0, Segmentation.limit(descriptor) & 0xFFFFFFFFL);
        }
    }

    private static void verify(Execution x, Instruction i, boolean write) {
        requireDescriptors(x);
        int selector = (int) x.get(i, 0) & 0xFFFF;
        long descriptor = inspect(x, selector);
        int type = Segmentation.type(descriptor);
        boolean code = (type & 8) != 0;
        boolean second = (type & 2) != 0;
        boolean allowed = write ? !code && second : !code || second;
        boolean good = (type & 16) != 0 && allowed && visible(x, selector, descriptor);
        Alu.setFlag(x.state, Flags.ZF, good);
    }

    private static void arpl(Execution x, Instruction i) {
        requireDescriptors(x);
        long to = x.get(i, 0);
        long from = x.get(i, 1);
        boolean raise = (to & 3) < (from & 3);
        Alu.setFlag(x.state, Flags.ZF, raise);
        if (raise) {
            x.set(i, 0, to & ~3L | from & 3);
        }
    }
}
