package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;

/** Moves to and from debug registers (Intel SDM vol. 3, 18.2). */
final class DebugOps {
    private static final long DR6_WRITABLE = 0xE00F;
    private static final long DR6_FIXED = 0xFFFF0FF0L;
    private static final long DR7_WRITABLE = 0xFFFF23FFL;
    private static final long DR7_FIXED = 0x400;

    private DebugOps() {}

    /** The register that a number names: DR4 and DR5 are DR6 and DR7 unless CR4.DE is set. */
    private static int index(Execution x, int index) {
        boolean alias = index == 4 || index == 5;
        if (index > 7 || alias && (x.state.cr4() & ControlBits.CR4_DE) != 0) {
            throw x.fault(CpuException.UD);
        }
        x.requireSupervisor();
        if ((x.state.dr(7) & Debugging.GENERAL_DETECT) != 0) {
            throw x.debug.fault(Debugging.DETECTED);
        }
        return alias ? index + 2 : index;
    }

    static long read(Execution x, int index) {
        return x.state.dr(index(x, index));
    }

    static void write(Execution x, int index, long value) {
        int at = index(x, index);
        if (at >= 6 && value >>> 32 != 0) {
            throw x.fault(CpuException.GP);
        }
        long kept = switch (at) {
            case 6 -> value & DR6_WRITABLE | DR6_FIXED;
            case 7 -> value & DR7_WRITABLE | DR7_FIXED;
            default -> value;
        };
        x.state.setDr(at, kept);
    }
}
