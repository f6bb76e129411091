package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.decode.Instruction;

/** Far returns, and what IRET shares with them (Intel SDM vol. 2, RET; vol. 3, 5.8.6). */
final class FarReturn {
    private FarReturn() {}

    static void ret(Execution x, Instruction i) {
        int size = i.operandSize;
        int extra = i.operandCount == 1 ? (int) i.immediate & 0xFFFF : 0;
        long offset = x.peek(0, size);
        int selector = (int) x.peek(size, size) & 0xFFFF;
        x.protectSegments();
        if (!x.mode.usesDescriptors()) {
            FarOps.checkRealOffset(x, offset);
            x.drop(2L * size + extra);
            x.state.segment(CpuState.CS).loadReal(selector);
            x.nextRip = offset;
            return;
        }
        returnTo(x, selector, offset, size, extra, 2 * size);
    }

    /**
     * Checks CS, and takes SS:RSP from the stack where the level becomes an outer one.
     *
     * @param extra bytes of parameters to release on both stacks
     * @param frame bytes of the frame below a possible RSP and SS
     */
    static void returnTo(Execution x, int selector, long offset, int size, int extra, int frame) {
        int rpl = selector & 3;
        long descriptor = returnCode(x, selector);
        boolean interrupt = frame > 2 * size;
        if (rpl == x.cpl && !(interrupt && x.long64)) {
            FarOps.checkTarget(x, descriptor, offset);
            x.drop(frame + extra);
        } else {
            outerStack(x, descriptor, rpl, size, extra, frame);
            FarOps.checkTarget(x, descriptor, offset);
        }
        FarOps.enter(x, selector, descriptor, offset);
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
        FarOps.checkCode(x, selector, descriptor);
        return descriptor;
    }

    private static void outerStack(Execution x, long code, int rpl, int size, int extra, int frame) {
        long rsp = x.peek(frame + extra, size);
        int ss = (int) x.peek(frame + extra + size, size) & 0xFFFF;
        boolean isNull = (ss & ~3) == 0;
        if (isNull && FarOps.isLongCode(x, code) && rpl != 3 && (ss & 3) == rpl) {
            SegmentOps.setNullStack(x, ss, rpl);
        } else if (isNull) {
            throw x.fault(CpuException.GP);
        } else {
            SegmentOps.loadStack(x, ss, rpl, CpuException.GP);
        }
        boolean big = x.state.segment(CpuState.SS).has(SegmentRegister.DEFAULT_BIG);
        int width = FarOps.isLongCode(x, code) ? 8 : big ? 4 : 2;
        x.setRegister(CpuState.RSP, width, (rsp & Execution.mask(size)) + extra);
    }

    /** Data segments that the outer level may not use become null. */
    private static void dropInnerSegments(Execution x, int cpl) {
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            SegmentRegister register = x.state.segment(s);
            boolean conforming = register.has(SegmentRegister.CODE | SegmentRegister.CONFORMING);
            boolean usable = !register.has(SegmentRegister.UNUSABLE);
            if (s != CpuState.CS && s != CpuState.SS && usable && register.dpl() < cpl && !conforming) {
                long base = register.base();
                SegmentOps.loadNull(x, s, 0);
                register.setBase(x.state.isLongActive() ? base : 0);
            }
        }
    }
}
