package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.EventInjection;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.PendingEvents;
import dev.cloister.emulator.cpu.StepResult;

/**
 * Delivery of interrupts and exceptions: real mode's vector table, gates of protected and long mode, task gates, and
 * virtual-8086 mode, with the rules of double and triple faults (Intel SDM vol. 3, chapter 6). Used on the processor's
 * thread; nothing is allocated.
 */
public final class EventDelivery implements EventInjection {
    /** INT n: the gate's DPL is checked. */
    public static final int SOFTWARE = 0;
    /** INT3 and INTO: the gate's DPL is checked. */
    public static final int TRAP = 1;
    /** INT1: no check of the gate's DPL. */
    public static final int PRIVILEGED = 2;
    /** A hardware interrupt or an exception. */
    static final int EXTERNAL = 3;

    private static final int EXT = 1;
    private static final int CONTROL_PROTECTION = 21;

    private final Execution x;
    private final CpuState state;
    private final Event event = new Event();

    public EventDelivery(Execution x) {
        this.x = x;
        this.state = x.state;
    }

    @Override
    public StepResult deliverException(int vector, int errorCode, long faultAddress) {
        if (vector == CpuException.PF) {
            state.setCr2(faultAddress);
        }
        // Faults save RF set, so that the restarted instruction doesn't meet its breakpoint again (SDM vol. 3,
        // 18.3.1.1).
        boolean trap = vector == CpuException.DB || vector == CpuException.BP || vector == CpuException.OF;
        return attempt(vector, errorCode, CpuException.hasErrorCode(vector), trap ? 0 : Flags.RF);
    }

    @Override
    public StepResult deliverInterrupt(int vector) {
        return attempt(vector, 0, false, 0);
    }

    @Override
    public StepResult deliverNmi() {
        state.events().setNmiPending(false);
        state.events().setNmiBlocked(true);
        return attempt(CpuException.NMI, 0, false, 0);
    }

    @Override
    public StepResult deliverPending() {
        PendingEvents events = state.events();
        StepResult result = StepResult.COMPLETED;
        if (events.exception() != PendingEvents.NONE) {
            int vector = events.exception();
            events.setException(PendingEvents.NONE, 0);
            result = deliverException(vector, events.errorCode(), state.cr2());
        } else if (events.interrupt() != PendingEvents.NONE) {
            int vector = events.interrupt();
            boolean soft = events.isSoftInterrupt();
            events.setInterrupt(PendingEvents.NONE, false);
            result = soft ? redeliver(vector) : deliverInterrupt(vector);
        } else if (events.nmiPending() && !events.nmiBlocked() && !state.interruptShadow()) {
            result = deliverNmi();
        }
        return result;
    }

    /** INT n whose delivery was interrupted; RIP is behind the instruction already. */
    private StepResult redeliver(int vector) {
        x.begin();
        try {
            software(vector, state.rip(), SOFTWARE);
            state.setRip(x.nextRip);
            return StepResult.COMPLETED;
        } catch (CpuException e) {
            x.undo();
            if (e.vector() == CpuException.UNSUPPORTED) {
                return StepResult.UNSUPPORTED;
            }
            return deliverException(e.vector(), e.errorCode(), e.faultAddress());
        }
    }

    private StepResult attempt(int first, int firstError, boolean withError, long resume) {
        int vector = first;
        int error = firstError;
        boolean push = withError;
        long flags = resume;
        // The event, then each fault of its delivery; ends at the latest with the fault of a double fault.
        while (true) {
            x.begin();
            try {
                event.set(vector, EXTERNAL, state.rip(), state.rflags() | flags);
                event.errorCode = error;
                event.pushesError = push;
                deliver();
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
                if (e.vector() == CpuException.PF) {
                    state.setCr2(e.faultAddress());
                }
                boolean twice = isDouble(vector, e.vector());
                error = twice ? 0 : e.errorCode() | (e.vector() == CpuException.PF ? 0 : EXT);
                vector = twice ? CpuException.DF : e.vector();
                push = CpuException.hasErrorCode(vector);
                flags = Flags.RF;
            }
        }
    }

    /** SDM vol. 3, table 6-5. */
    private static boolean isDouble(int first, int second) {
        if (first == CpuException.PF) {
            return isContributory(second) || second == CpuException.PF;
        }
        return isContributory(first) && isContributory(second);
    }

    private static boolean isContributory(int vector) {
        return vector == CpuException.DE
                || vector >= CpuException.TS && vector <= CpuException.GP
                || vector == CONTROL_PROTECTION;
    }

    /** Delivers for an instruction; faults of the delivery are the instruction's own. */
    public void software(int vector, long returnTo, int how) {
        event.set(vector, how, returnTo, state.rflags() & ~Flags.RF);
        try {
            deliver();
        } catch (CpuException e) {
            boolean external = how == PRIVILEGED && e.vector() >= CpuException.TS && e.vector() <= CpuException.GP;
            throw external ? x.fault(e.vector(), e.errorCode() | EXT) : e;
        }
        x.debug.stopStepping();
    }

    private void deliver() {
        x.protectSegments();
        if (x.mode == CpuMode.REAL) {
            GateDelivery.real(x, event);
        } else if (x.mode == CpuMode.VIRTUAL_8086 && Virtual8086.redirects(x, event)) {
            Virtual8086.interrupt(x, event);
        } else if (state.isLongActive()) {
            LongGateDelivery.deliver(x, event);
        } else {
            GateDelivery.deliver(x, event);
        }
        if (event.vector == CpuException.DB && event.source >= PRIVILEGED) {
            state.setDr(7, state.dr(7) & ~Debugging.GENERAL_DETECT);
        }
    }
}
