package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;

/** Jumps and calls through call gates, with the change of stack (Intel SDM vol. 3, 5.8.3 to 5.8.5). */
final class CallGate {
    private static final int NARROW = 4;
    private static final int LEVEL_STACKS = 4;

    private CallGate() {}

    /** The caller has checked the gate's type, privilege and presence. */
    static void through(Execution x, int selector, long gate, boolean call) {
        boolean isLong = x.state.isLongActive();
        boolean narrow = Segmentation.type(gate) == NARROW;
        int size = isLong ? 8 : narrow ? 2 : 4;
        long offset = offset(x, selector, gate, size);
        int target = (int) (gate >>> 16) & 0xFFFF;
        long code = code(x, target, call);
        int level = call ? GateDelivery.innerLevel(code, x.cpl) : x.cpl;
        if (level == x.cpl) {
            FarOps.checkTarget(x, code, offset);
            if (call) {
                FarOps.pushReturn(x, size);
            }
            FarOps.enter(x, target & ~3 | x.cpl, code, offset);
        } else if (isLong) {
            innerLong(x, target, code, offset, level);
        } else {
            inner(x, target, code, offset, level, size, (int) (gate >>> 32) & 31);
        }
    }

    private static long offset(Execution x, int selector, long gate, int size) {
        long offset = gate & 0xFFFF | (size == 2 ? 0 : gate >>> 32 & 0xFFFF0000L);
        if (size == 8) {
            long high =
                    x.segmentation.readSystem(x.segmentation.descriptorAddress(selector, 16, CpuException.GP) + 8, 8);
            if ((high >>> 40 & 31) != 0) {
                throw x.fault(CpuException.GP, selector & ~3);
            }
            offset |= high << 32;
        }
        return offset;
    }

    private static long code(Execution x, int target, boolean call) {
        if ((target & ~3) == 0) {
            throw x.fault(CpuException.GP);
        }
        long code = x.segmentation.descriptor(target, CpuException.GP);
        int dpl = Segmentation.dpl(code);
        boolean fits = dpl == x.cpl || dpl < x.cpl && (call || Segmentation.isConforming(code));
        if (!Segmentation.isCode(code) || !fits || !hasWidth(x, code)) {
            throw x.fault(CpuException.GP, target & ~3);
        }
        if (!Segmentation.isPresent(code)) {
            throw x.fault(CpuException.NP, target & ~3);
        }
        return code;
    }

    /** Long mode's gates lead to 64-bit code only. */
    private static boolean hasWidth(Execution x, long code) {
        return !x.state.isLongActive() || (code >>> 53 & 3) == 1;
    }

    private static void inner(Execution x, int target, long code, long offset, int level, int size, int count) {
        CpuState state = x.state;
        long oldSp = state.gprs()[CpuState.RSP];
        int oldSs = state.segment(CpuState.SS).selector();
        for (int n = 0; n < count; n++) {
            x.words[n] = x.peek(n * size, size);
        }
        TaskStack.enter(x, level);
        x.probePush(size * (4 + count));
        x.push(oldSs, size);
        x.push(oldSp, size);
        for (int n = count - 1; n >= 0; n--) {
            x.push(x.words[n], size);
        }
        x.push(state.segment(CpuState.CS).selector(), size);
        x.push(x.nextRip, size);
        FarOps.checkTarget(x, code, offset);
        FarOps.enter(x, target & ~3 | level, code, offset);
    }

    private static void innerLong(Execution x, int target, long code, long offset, int level) {
        CpuState state = x.state;
        long oldSp = state.gprs()[CpuState.RSP];
        int oldSs = state.segment(CpuState.SS).selector();
        int oldCs = state.segment(CpuState.CS).selector();
        long back = x.nextRip;
        long top = TaskStack.word(x, LEVEL_STACKS + 8 * level, 8);
        if (!x.segmentation.isCanonical(top)) {
            throw x.fault(CpuException.SS);
        }
        FarOps.checkTarget(x, code, offset);
        SegmentOps.setNullStack(x, level, level);
        // The frame is written as 64-bit code at the new level writes it.
        FarOps.enter(x, target & ~3 | level, code, offset);
        x.refresh();
        state.gprs()[CpuState.RSP] = top;
        x.probePush(32);
        x.push(oldSs, 8);
        x.push(oldSp, 8);
        x.push(oldCs, 8);
        x.push(back, 8);
    }
}
