package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;

/** Delivery of events in long mode: 16-byte gates, aligned frames, interrupt stack table (Intel SDM vol. 3, 6.14). */
final class LongGateDelivery {
    private static final int GATE = 16;
    private static final int INTERRUPT = 14;
    private static final int TRAP = 15;
    private static final int LEVEL_STACKS = 4;
    private static final int INTERRUPT_STACKS = 28;
    private static final long PAGE = 4096;
    private static final int FRAME = 40;

    private LongGateDelivery() {}

    static void deliver(Execution x, Event event) {
        CpuState state = x.state;
        long gate = readGate(x, event);
        long high = x.segmentation.readSystem(state.idtr().base() + event.vector * (long) GATE + 8, 4);
        int selector = (int) (gate >>> 16) & 0xFFFF;
        long code = GateDelivery.handlerCode(x, selector);
        if ((code >>> 53 & 3) != 1) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
        long offset = gate & 0xFFFF | gate >>> 32 & 0xFFFF0000L | high << 32;
        int level = GateDelivery.innerLevel(code, x.cpl);
        boolean switched = level < x.cpl;
        long frame = stack(x, (int) (gate >>> 32) & 7, switched, level) - FRAME - (event.pushesError ? 8 : 0);
        push(x, event, frame, level);
        if (!x.segmentation.isCanonical(offset)) {
            throw x.fault(CpuException.GP);
        }
        FarOps.enter(x, selector & ~3 | level, code, offset);
        if (switched) {
            SegmentOps.setNullStack(x, level, level);
        }
        state.gprs()[CpuState.RSP] = frame;
        GateDelivery.begin(x, Segmentation.type(gate) == INTERRUPT);
    }

    private static long readGate(Execution x, Event event) {
        long at = event.vector * (long) GATE;
        if (at + GATE - 1 > x.state.idtr().limit()) {
            throw event.fault(x, CpuException.GP);
        }
        long gate = x.segmentation.readSystem(x.state.idtr().base() + at, 8);
        int type = Segmentation.type(gate);
        boolean known = type == INTERRUPT || type == TRAP;
        if (!known || event.isChecked() && Segmentation.dpl(gate) < x.cpl) {
            throw event.fault(x, CpuException.GP);
        }
        if (!Segmentation.isPresent(gate)) {
            throw event.fault(x, CpuException.NP);
        }
        return gate;
    }

    /** The top of the handler's stack, aligned. */
    private static long stack(Execution x, int table, boolean switched, int level) {
        long rsp = x.state.gprs()[CpuState.RSP];
        if (table != 0) {
            rsp = TaskStack.word(x, INTERRUPT_STACKS + 8 * table, 8);
        } else if (switched) {
            rsp = TaskStack.word(x, LEVEL_STACKS + 8 * level, 8);
        } else if (!x.long64) {
            rsp &= 0xFFFFFFFFL;
        }
        if (!x.segmentation.isCanonical(rsp)) {
            throw x.fault(CpuException.SS);
        }
        return rsp & -16;
    }

    private static void push(Execution x, Event event, long frame, int level) {
        CpuState state = x.state;
        int access = LinearMemory.WRITE | (level == 3 ? LinearMemory.USER : 0);
        LinearMemory memory = x.segmentation.memory();
        probe(memory, frame, frame + FRAME + (event.pushesError ? 8 : 0) - 8, access);
        long at = frame;
        if (event.pushesError) {
            memory.write(at, 8, event.errorCode & 0xFFFFFFFFL, access);
            at += 8;
        }
        memory.write(at, 8, event.returnRip, access);
        memory.write(at + 8, 8, state.segment(CpuState.CS).selector(), access);
        memory.write(at + 16, 8, event.savedFlags, access);
        memory.write(at + 24, 8, state.gprs()[CpuState.RSP], access);
        memory.write(at + 32, 8, state.segment(CpuState.SS).selector(), access);
    }

    /** Finds the fault before anything is written: SS is pushed first, so it is the highest word that CR2 names (SDM vol. 2, INT n). */
    private static void probe(LinearMemory memory, long lowest, long highest, int access) {
        memory.probe(highest, 8, access);
        long page = highest & -PAGE;
        if (lowest < page) {
            memory.probe(page - 8, 8, access);
        }
    }
}
