package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.SegmentRegister;

/**
 * Virtual-8086 mode: into it, out of it, and its extensions (CR4.VME), with which INT n and the interrupt flag need no
 * monitor (Intel SDM vol. 3, chapter 21); also protected mode's virtual interrupts (CR4.PVI).
 */
final class Virtual8086 {
    private static final int ATTRIBUTES =
            SegmentRegister.PRESENT | SegmentRegister.NON_SYSTEM | SegmentRegister.WRITABLE | 1 | 3 << 5;
    private static final int MAP_BASE = 102;
    private static final int REDIRECTION_BYTES = 32;

    private Virtual8086() {}

    /** Whether IOPL is 3: nothing is left to a monitor. */
    static boolean isTrusted(Execution x) {
        return (x.state.rflags() & Flags.IOPL) == Flags.IOPL;
    }

    private static boolean isExtended(Execution x) {
        return (x.state.cr4() & ControlBits.CR4_VME) != 0;
    }

    /**
     * Whether the virtual interrupt flag stands for IF: in virtual-8086 mode with CR4.VME and IOPL below 3. Without the
     * extensions that is #GP.
     */
    static boolean usesVirtualFlag(Execution x) {
        if (x.mode != CpuMode.VIRTUAL_8086 || isTrusted(x)) {
            return false;
        }
        if (!isExtended(x)) {
            throw x.fault(CpuException.GP);
        }
        return true;
    }

    /** Sets or clears VIF in place of IF; false where CLI and STI have the ordinary rules. */
    static boolean setInterruptFlag(Execution x, boolean on) {
        long extension = x.mode == CpuMode.VIRTUAL_8086 ? ControlBits.CR4_VME : ControlBits.CR4_PVI;
        boolean virtual = x.cpl == 3 && !isTrusted(x) && x.state.flagCr0(ControlBits.CR0_PE);
        if (!virtual || (x.state.cr4() & extension) == 0) {
            return false;
        }
        if (on && x.state.flag(Flags.VIP)) {
            throw x.fault(CpuException.GP);
        }
        Alu.setFlag(x.state, Flags.VIF, on);
        return true;
    }

    /** What PUSHF stores where VIF stands for IF. */
    static long pushedFlags(Execution x) {
        long interrupt = x.state.flag(Flags.VIF) ? Flags.IF : 0;
        return x.state.rflags() & ~Flags.IF | interrupt | Flags.IOPL;
    }

    /** The flags after POPF or IRET where VIF stands for IF. */
    static void popFlags(Execution x, long value) {
        boolean on = (value & Flags.IF) != 0;
        if (on && x.state.flag(Flags.VIP) || (value & Flags.TF) != 0) {
            throw x.fault(CpuException.GP);
        }
        long mask = (Flags.STATUS | Flags.DF | Flags.NT | Flags.TF) & 0xFFFF;
        x.state.setRflags(x.state.rflags() & ~(mask | Flags.VIF) | value & mask | (on ? Flags.VIF : 0));
    }

    /** IRET with IOPL below 3. */
    static void iret(Execution x, int size) {
        if (!isExtended(x) || size != 2) {
            throw x.fault(CpuException.GP);
        }
        long rip = x.peek(0, size);
        int cs = (int) x.peek(size, size);
        long flags = x.peek(2 * size, size);
        x.protectSegments();
        popFlags(x, flags);
        InterruptReturn.toReal(x, rip, cs, size);
    }

    /**
     * Whether an event goes to the virtual machine's own vector table: INT n with CR4.VME and a clear bit in the task's
     * redirection bitmap. Refuses INT n that is left to a monitor.
     */
    static boolean redirects(Execution x, Event event) {
        if (event.source != EventDelivery.SOFTWARE) {
            return false;
        }
        boolean redirected = isExtended(x) && !bitmap(x, event.vector);
        if (!redirected && !isTrusted(x)) {
            throw x.fault(CpuException.GP);
        }
        return redirected;
    }

    private static boolean bitmap(Execution x, int vector) {
        SegmentRegister task = x.state.segment(CpuState.TR);
        long limit = task.limit() & 0xFFFFFFFFL;
        if ((task.type() & 8) == 0 || limit < MAP_BASE + 1) {
            throw x.fault(CpuException.GP);
        }
        long at = x.segmentation.readSystem(task.base() + MAP_BASE, 2) - REDIRECTION_BYTES + (vector >> 3);
        if (at < 0 || at > limit) {
            throw x.fault(CpuException.GP);
        }
        return (x.segmentation.readSystem(task.base() + at, 1) >>> (vector & 7) & 1) != 0;
    }

    /** INT n through the table at linear address 0. */
    static void interrupt(Execution x, Event event) {
        CpuState state = x.state;
        boolean trusted = isTrusted(x);
        long entry = x.segmentation.memory().read(event.vector * 4L, 4, LinearMemory.USER);
        GateDelivery.pushShort(x, event, trusted ? event.savedFlags : pushedFlags(x));
        long cleared = Flags.TF | Flags.RF | (trusted ? Flags.IF : Flags.VIF);
        state.setRflags(state.rflags() & ~cleared);
        state.segment(CpuState.CS).loadReal((int) (entry >>> 16));
        x.nextRip = entry & 0xFFFF;
    }

    /** Pushes the data segments for the handler of an event and makes them null. */
    static void leave(Execution x, int size) {
        for (int s : new int[] {CpuState.GS, CpuState.FS, CpuState.DS, CpuState.ES}) {
            x.push(x.state.segment(s).selector(), size);
            SegmentOps.loadNull(x, s, 0);
        }
    }

    /** IRET at CPL 0 with VM set in the flags on the stack. */
    static void enter(Execution x, long rip, int cs, long flags) {
        CpuState state = x.state;
        if ((rip & 0xFFFF) != rip) {
            throw x.fault(CpuException.GP);
        }
        long rsp = x.peek(12, 4);
        for (int n = 0; n < 5; n++) {
            x.words[n] = x.peek(16 + 4 * n, 4);
        }
        state.gprs()[CpuState.RSP] = rsp & 0xFFFFFFFFL;
        state.segment(CpuState.CS).set(cs, 0, 0, 0);
        int[] order = {CpuState.SS, CpuState.ES, CpuState.DS, CpuState.FS, CpuState.GS};
        for (int n = 0; n < order.length; n++) {
            state.segment(order[n]).set((int) x.words[n] & 0xFFFF, 0, 0, 0);
        }
        loadSegments(x);
        state.setRflags(flags & Flags.ALL | Flags.RESERVED);
        x.nextRip = rip;
    }

    /** Gives every segment register what virtual-8086 mode makes of its selector. */
    static void loadSegments(Execution x) {
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            SegmentRegister register = x.state.segment(s);
            register.set(register.selector(), (long) register.selector() << 4, 0xFFFF, ATTRIBUTES);
        }
    }
}
