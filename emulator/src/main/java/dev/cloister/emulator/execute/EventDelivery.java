package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.emulator.cpu.StepResult;

/**
 * Delivery of interrupts and exceptions through the guest's interrupt table: real mode's vector table, protected-mode
 * gates and long-mode gates with stack switch and IST (Intel SDM vol. 3, chapter 6). Task gates and virtual-8086 mode are
 * not implemented and end as unsupported. Used on the processor's thread; nothing is allocated.
 */
public final class EventDelivery {
    /** INT n: the gate's DPL is checked. */
    public static final int SOFTWARE = 0;
    /** INT3 and INTO: the gate's DPL is checked. */
    public static final int TRAP = 1;
    /** INT1: no check of the gate's DPL. */
    public static final int PRIVILEGED = 2;
    /** A hardware interrupt or an exception. */
    private static final int EXTERNAL = 3;

    private static final int EXT = 1;
    private static final int IDT = 2;

    private final Execution x;
    private final CpuState state;
    private int source;
    private int errorCode;
    private boolean pushError;
    private boolean fault;
    private long returnRip;

    public EventDelivery(Execution x) {
        this.x = x;
        this.state = x.state;
    }

    /**
     * Delivers an exception that an instruction raised, with double- and triple-fault rules.
     *
     * @param vector 0 to 31
     * @param errorCode pushed where the vector has one
     * @param faultAddress goes to CR2 for vector 14
     * @return COMPLETED, SHUTDOWN after a triple fault, or UNSUPPORTED (task gates, virtual-8086 mode)
     */
    public StepResult deliverException(int vector, int errorCode, long faultAddress) {
        if (vector == CpuException.PF) {
            state.setCr2(faultAddress);
        }
        // #DB sets RF itself where it is a fault.
        fault = vector != CpuException.DB;
        try {
            return attempt(vector, errorCode, EXTERNAL, CpuException.hasErrorCode(vector));
        } finally {
            fault = false;
        }
    }

    /**
     * Delivers an external interrupt or NMI; the caller has checked that it may be.
     *
     * @param vector 0 to 255
     * @return as {@link #deliverException}
     */
    public StepResult deliverInterrupt(int vector) {
        return attempt(vector, 0, EXTERNAL, false);
    }

    private StepResult attempt(int first, int firstError, int how, boolean withError) {
        int vector = first;
        int error = firstError;
        boolean push = withError;
        // At most three rounds: the event, the fault that its delivery raises or the double fault, then shutdown.
        for (int round = 0; round < 3; round++) {
            x.begin();
            try {
                source = how;
                this.errorCode = error;
                pushError = push;
                returnRip = state.rip();
                deliver(vector);
                state.setRip(x.nextRip);
                state.setInterruptShadow(false);
                return StepResult.COMPLETED;
            } catch (CpuException e) {
                x.undo();
                if (e.vector() == CpuException.UNSUPPORTED) {
                    return StepResult.UNSUPPORTED;
                }
                if (vector == CpuException.DF) {
                    return StepResult.SHUTDOWN;
                }
                boolean isDouble = isContributory(vector) && isContributory(e.vector())
                        || vector == CpuException.PF && (isContributory(e.vector()) || e.vector() == CpuException.PF);
                if (e.vector() == CpuException.PF) {
                    state.setCr2(e.faultAddress());
                }
                error = isDouble ? 0 : e.errorCode() | (e.vector() == CpuException.PF ? 0 : EXT);
                vector = isDouble ? CpuException.DF : e.vector();
                push = CpuException.hasErrorCode(vector);
            }
        }
        return StepResult.SHUTDOWN;
    }

    private static boolean isContributory(int vector) {
        return vector == CpuException.DE || vector >= CpuException.TS && vector <= CpuException.GP;
    }

    /** Delivers for an instruction; faults of the delivery are the instruction's own. */
    public void software(int vector, long returnTo, int how) {
        source = how;
        errorCode = 0;
        pushError = false;
        returnRip = returnTo;
        deliver(vector);
    }

    private int ext() {
        return source == EXTERNAL || source == PRIVILEGED ? EXT : 0;
    }

    private CpuException gateFault(int vector, int raised) {
        return x.fault(raised, vector << 3 | IDT | ext());
    }

    private void deliver(int vector) {
        x.protectSegments();
        switch (x.mode) {
            case REAL -> real(vector);
            case VIRTUAL_8086 -> throw x.unsupported("event delivery from virtual-8086 mode");
            default -> {
                if (state.isLongActive()) {
                    longMode(vector);
                } else {
                    protectedMode(vector);
                }
            }
        }
    }

    private void real(int vector) {
        if (vector * 4 + 3 > state.idtr().limit()) {
            throw gateFault(vector, CpuException.GP);
        }
        long entry = x.segmentation.readSystem(state.idtr().base() + vector * 4L, 4);
        x.probePush(6);
        x.push(state.rflags(), 2);
        x.push(state.segment(CpuState.CS).selector(), 2);
        x.push(returnRip, 2);
        state.setRflags(state.rflags() & ~(Flags.IF | Flags.TF | Flags.AC | Flags.RF));
        state.segment(CpuState.CS).loadReal((int) (entry >>> 16));
        x.nextRip = entry & 0xFFFF;
    }

    private long readGate(int vector, int size) {
        if (vector * size + size - 1 > state.idtr().limit()) {
            throw gateFault(vector, CpuException.GP);
        }
        return x.segmentation.readSystem(state.idtr().base() + (long) vector * size, 8);
    }

    private void checkGate(int vector, long gate, boolean wide) {
        int type = Segmentation.type(gate);
        boolean known = (type & ~1) == 14 || !wide && ((type & ~1) == 6 || type == 5);
        boolean checked = source == SOFTWARE || source == TRAP;
        if (!known || checked && Segmentation.dpl(gate) < x.cpl) {
            throw gateFault(vector, CpuException.GP);
        }
        if (!Segmentation.isPresent(gate)) {
            throw gateFault(vector, CpuException.NP);
        }
        if (type == 5) {
            throw x.unsupported("task gate");
        }
    }

    /** The handler's code descriptor, checked; the caller compares its DPL. */
    private long handlerCode(int selector) {
        if ((selector & ~3) == 0) {
            throw x.fault(CpuException.GP, ext());
        }
        long code = x.segmentation.descriptor(selector, CpuException.GP);
        if (!Segmentation.isCode(code) || Segmentation.dpl(code) > x.cpl) {
            throw x.fault(CpuException.GP, selector & ~3 | ext());
        }
        if (!Segmentation.isPresent(code)) {
            throw x.fault(CpuException.NP, selector & ~3 | ext());
        }
        return code;
    }

    private static int innerLevel(long code, int cpl) {
        return Segmentation.isConforming(code) ? cpl : Segmentation.dpl(code);
    }

    private void longMode(int vector) {
        long gate = readGate(vector, 16);
        checkGate(vector, gate, true);
        long high = x.segmentation.readSystem(state.idtr().base() + vector * 16L + 8, 4);
        int selector = (int) (gate >>> 16) & 0xFFFF;
        long code = handlerCode(selector);
        if ((code >>> 53 & 3) != 1) {
            throw x.fault(CpuException.GP, selector & ~3 | ext());
        }
        long offset = gate & 0xFFFF | gate >>> 32 & 0xFFFF0000L | high << 32;
        int level = innerLevel(code, x.cpl);
        int ist = (int) (gate >>> 32) & 7;
        long rsp = state.gprs()[CpuState.RSP];
        int oldSs = state.segment(CpuState.SS).selector();
        boolean switched = level < x.cpl;
        if (ist != 0 || switched) {
            rsp = taskWord(ist != 0 ? 28 + 8 * ist : 4 + 8 * level, 8);
        }
        checkCanonical(rsp, CpuException.SS);
        checkCanonical(offset, CpuException.GP);
        long frame = (rsp & -16) - (pushError ? 48 : 40);
        pushLong(frame, oldSs, level);
        FarOps.enter(x, selector & ~3 | level, code, offset);
        if (switched) {
            SegmentOps.setNullStack(x, level, level);
        }
        state.gprs()[CpuState.RSP] = frame;
        enterHandler((Segmentation.type(gate) & 1) == 0);
    }

    private void checkCanonical(long address, int vector) {
        if (!x.segmentation.isCanonical(address)) {
            throw x.fault(vector, vector == CpuException.SS ? ext() : 0);
        }
    }

    private void pushLong(long frame, int ss, int level) {
        int length = pushError ? 48 : 40;
        int access = LinearMemory.WRITE | (level == 3 ? LinearMemory.USER : LinearMemory.IMPLICIT);
        LinearMemory memory = x.segmentation.memory();
        memory.probe(frame, length, access);
        long at = frame;
        if (pushError) {
            memory.write(at, 8, errorCode, access);
            at += 8;
        }
        memory.write(at, 8, returnRip, access);
        memory.write(at + 8, 8, state.segment(CpuState.CS).selector(), access);
        memory.write(at + 16, 8, savedFlags(), access);
        memory.write(at + 24, 8, state.gprs()[CpuState.RSP], access);
        memory.write(at + 32, 8, ss, access);
    }

    /** Faults save RF set, so that the restarted instruction doesn't meet its breakpoint again (SDM vol. 3, 17.3.1.1). */
    private long savedFlags() {
        return fault ? state.rflags() | Flags.RF : state.rflags();
    }

    private void enterHandler(boolean maskInterrupts) {
        state.setRflags(
                state.rflags() & (~(Flags.TF | Flags.NT | Flags.RF | Flags.VM | (maskInterrupts ? Flags.IF : 0))));
    }

    private long taskWord(int offset, int size) {
        SegmentRegister task = state.segment(CpuState.TR);
        if (offset + size - 1 > (task.limit() & 0xFFFFFFFFL)) {
            throw x.fault(CpuException.TS, task.selector() & ~3 | ext());
        }
        return x.segmentation.readSystem(task.base() + offset, size);
    }

    private void protectedMode(int vector) {
        long gate = readGate(vector, 8);
        checkGate(vector, gate, false);
        int size = (Segmentation.type(gate) & 8) != 0 ? 4 : 2;
        int selector = (int) (gate >>> 16) & 0xFFFF;
        long code = handlerCode(selector);
        int level = innerLevel(code, x.cpl);
        long offset = gate & 0xFFFF | (size == 4 ? gate >>> 32 & 0xFFFF0000L : 0);
        long oldSp = state.gprs()[CpuState.RSP];
        int oldSs = state.segment(CpuState.SS).selector();
        boolean switched = level < x.cpl;
        if (switched) {
            switchStack(level);
        }
        x.probePush(size * ((switched ? 5 : 3) + (pushError ? 1 : 0)));
        if (switched) {
            x.push(oldSs, size);
            x.push(oldSp, size);
        }
        x.push(savedFlags(), size);
        x.push(state.segment(CpuState.CS).selector(), size);
        x.push(returnRip, size);
        if (pushError) {
            x.push(errorCode, size);
        }
        FarOps.checkTarget(x, code, offset);
        FarOps.enter(x, selector & ~3 | level, code, offset);
        enterHandler((Segmentation.type(gate) & 1) == 0);
    }

    private void switchStack(int level) {
        boolean wide = (state.segment(CpuState.TR).type() & 8) != 0;
        long sp = wide ? taskWord(4 + 8 * level, 4) : taskWord(2 + 4 * level, 2);
        int ss = (int) (wide ? taskWord(8 + 8 * level, 2) : taskWord(4 + 4 * level, 2));
        if ((ss & ~3) == 0) {
            throw x.fault(CpuException.TS, ext());
        }
        SegmentOps.loadStack(x, ss, level, CpuException.TS);
        x.cpl = level;
        state.gprs()[CpuState.RSP] = sp;
    }
}
