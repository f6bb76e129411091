package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;

/**
 * The processor's own task switch (Intel SDM vol. 3, 8.3). Checks that belong to the old task come first and leave it
 * untouched; once the new task's registers are in, faults are the new task's.
 */
final class TaskSwitch {
    /** What caused a switch; decides about busy flags, the link and NT. */
    enum Cause {
        /** JMP. */
        JUMP,
        /** CALL, an interrupt or an exception: the old task stays busy, the new one returns to it. */
        CALL,
        /** IRET with NT set. */
        RETURN
    }

    private static final long BUSY = 2L << 40;
    private static final int AVAILABLE_16 = 1;
    private static final int AVAILABLE_32 = 9;
    private static final int WIDE = 8;
    private static final int LINK = 0;

    private TaskSwitch() {}

    /** JMP or CALL to a TSS selector that the caller has checked for privilege. */
    static void byTransfer(Execution x, int selector, boolean call) {
        go(x, selector, call ? Cause.CALL : Cause.JUMP, x.nextRip, x.state.rflags(), CpuException.GP);
        checkTarget(x);
    }

    /** JMP or CALL through a task gate that the caller has checked. */
    static void byGate(Execution x, long gate, boolean call) {
        int selector = (int) (gate >>> 16) & 0xFFFF;
        requireGlobal(x, selector);
        byTransfer(x, selector, call);
    }

    private static void requireGlobal(Execution x, int selector) {
        if ((selector & 4) != 0) {
            throw x.fault(CpuException.GP, selector & ~3);
        }
    }

    /** An interrupt or exception through a task gate. */
    static void forEvent(Execution x, int selector, Event event) {
        requireGlobal(x, selector);
        go(x, selector, Cause.CALL, event.returnRip, event.savedFlags, CpuException.GP);
        if (event.pushesError) {
            int size = (x.state.segment(CpuState.TR).type() & WIDE) != 0 ? 4 : 2;
            x.refresh();
            x.push(event.errorCode, size);
            x.commitTask();
        }
        checkTarget(x);
    }

    /** IRET with NT set. */
    static void byReturn(Execution x) {
        SegmentRegister task = x.state.segment(CpuState.TR);
        int selector = (int) x.segmentation.readSystem(task.base() + LINK, 2);
        if ((selector & 4) != 0) {
            throw x.fault(CpuException.TS, selector & ~3);
        }
        go(x, selector, Cause.RETURN, x.nextRip, x.state.rflags() & ~Flags.NT, CpuException.TS);
        checkTarget(x);
    }

    static void checkTarget(Execution x) {
        long limit = x.state.segment(CpuState.CS).limit() & 0xFFFFFFFFL;
        if (x.nextRip > limit) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void go(Execution x, int selector, Cause cause, long returnRip, long flags, int vector) {
        Segmentation segmentation = x.segmentation;
        long address = segmentation.descriptorAddress(selector, 8, vector);
        long descriptor = segmentation.readSystem(address, 8);
        boolean wide = checkDescriptor(x, selector, descriptor, cause, vector);
        long base = Segmentation.base(descriptor);
        TaskLayout to = TaskLayout.of(wide);
        SegmentRegister old = x.state.segment(CpuState.TR);
        TaskLayout from = TaskLayout.of((old.type() & WIDE) != 0);
        // Nothing may fault from here until the new registers are in.
        segmentation.probeSystem(old.base(), from.size(), LinearMemory.WRITE);
        segmentation.probeSystem(base, to.size(), cause == Cause.CALL ? LinearMemory.WRITE : 0);
        if (cause != Cause.CALL) {
            setBusy(x, segmentation.descriptorAddress(old.selector(), 8, vector), false);
        }
        from.save(x, old.base(), returnRip, flags);
        if (cause == Cause.CALL) {
            segmentation.writeSystem(base + LINK, 2, old.selector());
        }
        if (cause != Cause.RETURN) {
            setBusy(x, address, true);
        }
        to.load(x, base);
        enter(x, selector, descriptor | BUSY, cause);
        to.loadSegments(x, base);
        if (to.wantsTrap(x, base)) {
            x.debug.addTrap(Debugging.TASK);
        }
        x.debug.stopStepping();
    }

    private static boolean checkDescriptor(Execution x, int selector, long descriptor, Cause cause, int vector) {
        int type = Segmentation.type(descriptor);
        int wanted = cause == Cause.RETURN ? type & ~2 : type;
        boolean busy = (type & 2) != 0;
        boolean fits = (wanted == AVAILABLE_16 || wanted == AVAILABLE_32) && busy == (cause == Cause.RETURN);
        if ((selector & ~3) == 0 || !fits) {
            throw x.fault(vector, selector & ~3);
        }
        if (!Segmentation.isPresent(descriptor)) {
            throw x.fault(CpuException.NP, selector & ~3);
        }
        boolean wide = wanted == AVAILABLE_32;
        if ((Segmentation.limit(descriptor) & 0xFFFFFFFFL) < TaskLayout.of(wide).size() - 1) {
            throw x.fault(CpuException.TS, selector & ~3);
        }
        return wide;
    }

    private static void setBusy(Execution x, long address, boolean busy) {
        long type = x.segmentation.readSystem(address + 5, 1);
        x.segmentation.writeSystem(address + 5, 1, busy ? type | 2 : type & ~2L);
    }

    /** TR, CR0.TS and NT; after this the processor belongs to the new task. */
    private static void enter(Execution x, int selector, long descriptor, Cause cause) {
        CpuState state = x.state;
        if (cause == Cause.CALL) {
            state.setRflags(state.rflags() | Flags.NT);
        }
        state.segment(CpuState.TR)
                .set(
                        selector,
                        Segmentation.base(descriptor),
                        Segmentation.limit(descriptor),
                        Segmentation.attributes(descriptor));
        state.setCr0(state.cr0() | ControlBits.CR0_TS);
        state.setDr(7, state.dr(7) & ~0x155L);
        state.setRip(x.nextRip);
        x.commitTask();
    }
}
