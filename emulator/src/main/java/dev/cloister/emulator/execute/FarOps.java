package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Far jumps and calls (Intel SDM vol. 2, JMP and CALL; vol. 3, 5.8). */
public final class FarOps {
    private static final int CALL_GATE_16 = 4;
    private static final int CALL_GATE_32 = 12;
    private static final int TASK_GATE = 5;
    private static final int TASK_16 = 1;
    private static final int TASK_32 = 9;

    private FarOps() {}

    public static void register(HandlerRegistry table) {
        table.put(FarReturn::ret, "retf");
        table.put(InterruptReturn::iret, "iret", "iretw", "iretq");
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

    static void checkRealOffset(Execution x, long offset) {
        if (offset > (x.state.segment(CpuState.CS).limit() & 0xFFFFFFFFL)) {
            throw x.fault(CpuException.GP);
        }
    }

    static void pushReturn(Execution x, int size) {
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
            system(x, selector, descriptor, call);
            return;
        }
        int dpl = Segmentation.dpl(descriptor);
        boolean allowed =
                Segmentation.isConforming(descriptor) ? dpl <= x.cpl : (selector & 3) <= x.cpl && dpl == x.cpl;
        if (!allowed) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        checkCode(x, selector, descriptor);
        checkTarget(x, descriptor, offset);
        if (call) {
            pushReturn(x, size);
        }
        enter(x, selector & ~3 | x.cpl, descriptor, offset);
    }

    /** A gate or a task: its DPL must allow the CPL and the selector's RPL. */
    private static void system(Execution x, int selector, long descriptor, boolean call) {
        int type = Segmentation.type(descriptor);
        boolean isLong = x.state.isLongActive();
        boolean gate = type == CALL_GATE_32 || type == CALL_GATE_16 && !isLong;
        boolean task = !isLong && (type == TASK_GATE || type == TASK_16 || type == TASK_32);
        int dpl = Segmentation.dpl(descriptor);
        if (!gate && !task || dpl < x.cpl || dpl < (selector & 3)) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        if (gate) {
            CallGate.through(x, selector, descriptor, call);
            return;
        }
        if (type == TASK_GATE) {
            TaskSwitch.byGate(x, descriptor, call);
        } else {
            TaskSwitch.byTransfer(x, selector, call);
        }
    }

    /** Presence, and that L and D aren't both set in long mode. */
    static void checkCode(Execution x, int selector, long descriptor) {
        if (x.state.isLongActive() && (descriptor >>> 53 & 3) == 3) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
    }

    static boolean isLongCode(Execution x, long descriptor) {
        return x.state.isLongActive() && (descriptor >>> 53 & 1) != 0;
    }

    static void checkTarget(Execution x, long descriptor, long offset) {
        boolean good = isLongCode(x, descriptor)
                ? x.segmentation.isCanonical(offset)
                : Long.compareUnsigned(offset, Segmentation.limit(descriptor) & 0xFFFFFFFFL) <= 0;
        if (!good) {
            throw x.fault(CpuException.GP);
        }
    }

    static void enter(Execution x, int selector, long descriptor, long offset) {
        long marked = x.segmentation.markAccessed(selector, descriptor);
        x.segmentation.install(CpuState.CS, selector, marked);
        x.nextRip = offset;
    }
}
