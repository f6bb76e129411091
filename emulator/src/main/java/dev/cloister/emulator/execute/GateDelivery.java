package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/** Delivery of events in real mode and through the gates of protected mode (Intel SDM vol. 2, INT n; vol. 3, 6.12). */
final class GateDelivery {
    private static final int TASK_GATE = 5;
    private static final int INTERRUPT_16 = 6;
    private static final int TRAP_16 = 7;
    private static final int WIDE = 8;
    private static final int GATE = 8;
    private static final int REAL_ENTRY = 4;

    private GateDelivery() {}

    static void real(Execution x, Event event) {
        CpuState state = x.state;
        int at = event.vector * REAL_ENTRY;
        if (at + REAL_ENTRY - 1 > state.idtr().limit()) {
            throw event.fault(x, CpuException.GP);
        }
        long entry = x.segmentation.readSystem(state.idtr().base() + at, REAL_ENTRY);
        pushShort(x, event, event.savedFlags);
        state.setRflags(state.rflags() & ~(Flags.IF | Flags.TF | Flags.AC | Flags.RF));
        state.segment(CpuState.CS).loadReal((int) (entry >>> 16));
        x.nextRip = entry & 0xFFFF;
    }

    /** FLAGS, CS and IP as 16-bit words. */
    static void pushShort(Execution x, Event event, long flags) {
        x.probePush(6);
        x.push(flags, 2);
        x.push(x.state.segment(CpuState.CS).selector(), 2);
        x.push(event.returnRip, 2);
    }

    static void deliver(Execution x, Event event) {
        CpuState state = x.state;
        int at = event.vector * GATE;
        if (at + GATE - 1 > state.idtr().limit()) {
            throw event.fault(x, CpuException.GP);
        }
        long gate = x.segmentation.readSystem(state.idtr().base() + at, GATE);
        int type = Segmentation.type(gate);
        int kind = type & ~WIDE;
        boolean known = type == TASK_GATE || kind == INTERRUPT_16 || kind == TRAP_16;
        if (!known || event.isChecked() && Segmentation.dpl(gate) < x.cpl) {
            throw event.fault(x, CpuException.GP);
        }
        if (!Segmentation.isPresent(gate)) {
            throw event.fault(x, CpuException.NP);
        }
        if (type == TASK_GATE) {
            TaskSwitch.forEvent(x, (int) (gate >>> 16) & 0xFFFF, event);
        } else {
            enter(x, event, gate);
        }
    }

    /** The handler's code descriptor, checked; the caller compares its DPL. */
    static long handlerCode(Execution x, int selector) {
        if ((selector & ~3) == 0) {
            throw x.fault(CpuException.GP);
        }
        long code = x.segmentation.descriptor(selector, CpuException.GP);
        if (!Segmentation.isCode(code) || Segmentation.dpl(code) > x.cpl) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        if (!Segmentation.isPresent(code)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        return code;
    }

    static int innerLevel(long code, int cpl) {
        return Segmentation.isConforming(code) ? cpl : Segmentation.dpl(code);
    }

    private static void enter(Execution x, Event event, long gate) {
        CpuState state = x.state;
        int size = (Segmentation.type(gate) & WIDE) != 0 ? 4 : 2;
        int selector = (int) (gate >>> 16) & 0xFFFF;
        long code = handlerCode(x, selector);
        int level = innerLevel(code, x.cpl);
        boolean virtual = state.flag(Flags.VM);
        if (virtual && level != 0) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        long offset = gate & 0xFFFF | gate >>> 32 & 0xFFFF0000L & Execution.mask(size);
        long oldSp = state.gprs()[CpuState.RSP];
        int oldSs = state.segment(CpuState.SS).selector();
        boolean switched = level < x.cpl;
        if (switched) {
            TaskStack.enter(x, level);
        }
        int words = (switched ? 2 : 0) + (virtual ? 4 : 0);
        x.probePush(size * (words + event.words()));
        if (virtual) {
            Virtual8086.leave(x, size);
        }
        if (switched) {
            x.push(oldSs, size);
            x.push(oldSp, size);
        }
        pushEvent(x, event, size);
        FarOps.checkTarget(x, code, offset);
        FarOps.enter(x, selector & ~3 | level, code, offset);
        begin(x, (Segmentation.type(gate) & 1) == 0);
    }

    private static void pushEvent(Execution x, Event event, int size) {
        x.push(event.savedFlags, size);
        x.push(x.state.segment(CpuState.CS).selector(), size);
        x.push(event.returnRip, size);
        if (event.pushesError) {
            x.push(event.errorCode, size);
        }
    }

    /** The flags that a handler starts with. */
    static void begin(Execution x, boolean maskInterrupts) {
        long cleared = Flags.TF | Flags.NT | Flags.RF | Flags.VM | (maskInterrupts ? Flags.IF : 0);
        x.state.setRflags(x.state.rflags() & ~cleared);
    }
}
