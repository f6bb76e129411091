package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.SegmentRegister;

/** The stacks of inner privilege levels, which the task state segment names (Intel SDM vol. 3, 5.8.5). */
final class TaskStack {
    private static final int WIDE = 8;

    private TaskStack() {}

    /** Reads the task state segment; out of its limit raises #TS with its selector. */
    static long word(Execution x, int offset, int size) {
        SegmentRegister task = x.state.segment(CpuState.TR);
        if (offset + size - 1 > (task.limit() & 0xFFFFFFFFL)) {
            throw x.fault(CpuException.TS, task.selector() & ~3);
        }
        return x.segmentation.readSystem(task.base() + offset, size);
    }

    /**
     * Loads SS and ESP of an inner level; the caller saves the old ones first and has protected the segments. From here on
     * the processor is at that level, outside virtual-8086 mode, and stack faults name the new SS.
     */
    static void enter(Execution x, int level) {
        CpuState state = x.state;
        boolean wide = (state.segment(CpuState.TR).type() & WIDE) != 0;
        // The segment comes after the pointer; one check covers both (SDM vol. 2, INT n).
        int at = wide ? 8 * level + 4 : 4 * level + 2;
        int ss = (int) word(x, wide ? at + 4 : at + 2, 2);
        long sp = word(x, at, wide ? 4 : 2);
        if ((ss & ~3) == 0) {
            throw x.fault(CpuException.TS);
        }
        SegmentOps.loadStack(x, ss, level, CpuException.TS);
        state.setRflags(state.rflags() & ~Flags.VM);
        x.refresh();
        x.stackError = ss & ~3;
        state.gprs()[CpuState.RSP] = sp;
    }
}
