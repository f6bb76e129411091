package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** IRET in all modes (Intel SDM vol. 2, IRET/IRETD/IRETQ). */
final class InterruptReturn {
    private InterruptReturn() {}

    static void iret(Execution x, Instruction i) {
        // NMIs are unblocked also where the instruction faults (SDM vol. 3, 6.7.1).
        x.state.events().setNmiBlocked(false);
        x.keepResume = true;
        int size = i.operandSize;
        if (x.mode == CpuMode.VIRTUAL_8086 && !Virtual8086.isTrusted(x)) {
            Virtual8086.iret(x, size);
            return;
        }
        if (x.mode.usesDescriptors() && x.state.flag(Flags.NT)) {
            nestedTask(x);
            return;
        }
        long rip = x.peek(0, size);
        int cs = (int) x.peek(size, size) & 0xFFFF;
        long flags = x.peek(2 * size, size);
        x.protectSegments();
        if (!x.mode.usesDescriptors()) {
            toReal(x, rip, cs, size);
        } else if (size == 4 && (flags & Flags.VM) != 0 && x.cpl == 0 && !x.state.isLongActive()) {
            Virtual8086.enter(x, rip, cs, flags);
            return;
        } else {
            FarReturn.returnTo(x, cs, rip, size, 0, 3 * size);
        }
        long mask = writable(x, size);
        x.state.setRflags(x.state.rflags() & ~mask | flags & mask);
    }

    static void toReal(Execution x, long rip, int cs, int size) {
        FarOps.checkRealOffset(x, rip);
        x.drop(3L * size);
        x.state.segment(CpuState.CS).loadReal(cs);
        x.nextRip = rip;
    }

    private static long writable(Execution x, int size) {
        long mask = StackOps.writableFlags(x, x.cpl, size);
        if (size != 2) {
            mask |= Flags.RF;
            if (x.cpl == 0 && x.mode.usesDescriptors()) {
                mask |= Flags.VIF | Flags.VIP;
            }
        }
        return mask;
    }

    private static void nestedTask(Execution x) {
        if (x.state.isLongActive()) {
            throw x.fault(CpuException.GP);
        }
        x.protectSegments();
        TaskSwitch.byReturn(x);
    }
}
