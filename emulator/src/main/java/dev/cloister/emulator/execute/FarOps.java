package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/**
 * Far jumps, calls and returns, and IRET (Intel SDM vol. 2; vol. 3, 5.8). Call gates to inner levels, task gates and
 * returns to virtual-8086 mode are not implemented and end as unsupported.
 */
public final class FarOps {
    private FarOps() {}

    public static void register(HandlerRegistry table) {
        table.put(FarOps::ret, "retf");
        table.put(FarOps::iret, "iret", "iretw", "iretq");
    }

    public static void transfer(Execution x, Instruction i, boolean call) {
        long offset;
        int selector;
        int size = i.operandSize;
        if (i.kinds[0] == OperandKind.FAR_POINTER) {
            offset = i.immediate;
            selector = (int) i.immediate2;
        } else {
            int from = x.segmentOf(i);
            long at = x.effective(i);
            offset = x.read(from, at, size, 0);
            selector = (int) x.read(from, at + size & Execution.mask(i.addressSize), 2, 0);
        }
        x.protectSegments();
        if (x.mode.usesDescriptors()) {
            protectedTransfer(x, selector, offset, size, call);
            return;
        }
        checkRealOffset(x, offset);
        if (call) {
            pushReturn(x, size);
        }
        x.state.segment(CpuState.CS).loadReal(selector);
        x.nextRip = offset;
    }

    private static void checkRealOffset(Execution x, long offset) {
        if (offset > (x.state.segment(CpuState.CS).limit() & 0xFFFFFFFFL)) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void pushReturn(Execution x, int size) {
        x.probePush(2 * size);
        x.push(x.state.segment(CpuState.CS).selector(), size);
        x.push(x.nextRip, size);
    }

    private static void protectedTransfer(Execution x, int selector, long offset, int size, boolean call) {
        if ((selector & ~3) == 0) {
            throw x.fault(CpuException.GP);
        }
        long descriptor = x.segmentation.descriptor(selector, CpuException.GP);
        if (!Segmentation.isCode(descriptor)) {
            gate(x, selector, descriptor);
        }
        int dpl = Segmentation.dpl(descriptor);
        boolean allowed =
                Segmentation.isConforming(descriptor) ? dpl <= x.cpl : (selector & 3) <= x.cpl && dpl == x.cpl;
        if (!allowed) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        checkCode(x, selector, descriptor, CpuException.GP);
        checkTarget(x, descriptor, offset);
        if (call) {
            pushReturn(x, size);
        }
        enter(x, selector & ~3 | x.cpl, descriptor, offset);
    }

    private static void gate(Execution x, int selector, long descriptor) {
        int type = Segmentation.type(descriptor);
        if (type == 4 || type == 12) {
            throw x.unsupported("far transfer through a call gate");
        }
        if (type == 5 || type == 1 || type == 9) {
            throw x.unsupported("task switch");
        }
        throw x.fault(CpuException.GP, selector & ~3);
    }

    /** Presence, and that L and D aren't both set in long mode. */
    public static void checkCode(Execution x, int selector, long descriptor, int vector) {
        if (x.state.isLongActive() && (descriptor >>> 53 & 3) == 3) {
            throw x.fault(vector, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
    }

    public static boolean isLongCode(Execution x, long descriptor) {
        return x.state.isLongActive() && (descriptor >>> 53 & 1) != 0;
    }

    public static void checkTarget(Execution x, long descriptor, long offset) {
        boolean good = isLongCode(x, descriptor)
                ? x.segmentation.isCanonical(offset)
                : Long.compareUnsigned(offset, Segmentation.limit(descriptor) & 0xFFFFFFFFL) <= 0;
        if (!good) {
            throw x.fault(CpuException.GP);
        }
    }

    public static void enter(Execution x, int selector, long descriptor, long offset) {
        long marked = x.segmentation.markAccessed(selector, descriptor);
        x.segmentation.install(CpuState.CS, selector, marked);
        x.nextRip = offset;
    }

    private static void ret(Execution x, Instruction i) {
        int size = i.operandSize;
        int extra = i.operandCount == 1 ? (int) i.immediate & 0xFFFF : 0;
        long offset = x.peek(0, size);
        int selector = (int) x.peek(size, size) & 0xFFFF;
        x.protectSegments();
        if (!x.mode.usesDescriptors()) {
            checkRealOffset(x, offset);
            x.drop(2L * size + extra);
            x.state.segment(CpuState.CS).loadReal(selector);
            x.nextRip = offset;
            return;
        }
        returnTo(x, selector, offset, size, extra, 2 * size);
    }

    /**
     * The common part of far RET and IRET in protected mode: checks CS, and takes SS:RSP from the stack where the level
     * becomes an outer one.
     *
     * @param extra bytes of parameters to release on both stacks
     * @param frame bytes of the frame below a possible RSP and SS
     */
    private static void returnTo(Execution x, int selector, long offset, int size, int extra, int frame) {
        int rpl = selector & 3;
        long descriptor = returnCode(x, selector);
        boolean interrupt = frame > 2 * size;
        if (rpl == x.cpl && !(interrupt && x.long64)) {
            checkTarget(x, descriptor, offset);
            x.drop(frame + extra);
        } else {
            outerStack(x, descriptor, rpl, size, extra, frame);
            checkTarget(x, descriptor, offset);
        }
        enter(x, selector, descriptor, offset);
        if (rpl != x.cpl) {
            dropInnerSegments(x, rpl);
        }
    }

    private static long returnCode(Execution x, int selector) {
        if ((selector & ~3) == 0) {
            throw x.fault(CpuException.GP);
        }
        int rpl = selector & 3;
        long descriptor = x.segmentation.descriptor(selector, CpuException.GP);
        int dpl = Segmentation.dpl(descriptor);
        boolean fits = Segmentation.isConforming(descriptor) ? dpl <= rpl : dpl == rpl;
        if (!Segmentation.isCode(descriptor) || rpl < x.cpl || !fits) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        checkCode(x, selector, descriptor, CpuException.GP);
        return descriptor;
    }

    private static void outerStack(Execution x, long code, int rpl, int size, int extra, int frame) {
        long rsp = x.peek(frame + extra, size);
        int ss = (int) x.peek(frame + extra + size, size) & 0xFFFF;
        if ((ss & ~3) == 0 && isLongCode(x, code) && rpl != 3 && (ss & 3) == rpl) {
            SegmentOps.setNullStack(x, ss, rpl);
        } else if ((ss & ~3) == 0) {
            throw x.fault(CpuException.GP);
        } else {
            SegmentOps.loadStack(x, ss, rpl, CpuException.GP);
        }
        int width = isLongCode(x, code) ? 8 : x.state.segment(CpuState.SS).has(SegmentRegister.DEFAULT_BIG) ? 4 : 2;
        x.setRegister(CpuState.RSP, width, (rsp & Execution.mask(size)) + extra);
    }

    /** Data segments that the outer level may not use become null (SDM vol. 3, 5.8.6). */
    private static void dropInnerSegments(Execution x, int cpl) {
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            SegmentRegister register = x.state.segment(s);
            boolean conforming = register.has(SegmentRegister.CODE | SegmentRegister.CONFORMING);
            if (s != CpuState.CS && s != CpuState.SS && register.dpl() < cpl && !conforming) {
                long base = register.base();
                SegmentOps.loadNull(x, s, 0);
                register.setBase(x.state.isLongActive() ? base : 0);
            }
        }
    }

    private static void iret(Execution x, Instruction i) {
        int size = i.operandSize;
        StackOps.checkVirtual8086(x);
        long rip = x.peek(0, size);
        int cs = (int) x.peek(size, size) & 0xFFFF;
        long flags = x.peek(2 * size, size);
        x.protectSegments();
        if (!x.mode.usesDescriptors()) {
            checkRealOffset(x, rip);
            x.drop(3L * size);
            x.state.segment(CpuState.CS).loadReal(cs);
            x.nextRip = rip;
        } else {
            if (x.state.flag(Flags.NT)) {
                nestedTask(x);
            }
            if (size == 4 && (flags & Flags.VM) != 0 && x.cpl == 0 && !x.state.isLongActive()) {
                throw x.unsupported("iret to virtual-8086 mode");
            }
            returnTo(x, cs, rip, size, 0, 3 * size);
        }
        long mask = StackOps.writableFlags(x, x.cpl, size) | (size == 2 ? 0 : Flags.RF);
        x.state.setRflags(x.state.rflags() & ~mask | flags & mask);
    }

    private static void nestedTask(Execution x) {
        if (x.state.isLongActive()) {
            throw x.fault(CpuException.GP);
        }
        throw x.unsupported("iret from a nested task");
    }
}
