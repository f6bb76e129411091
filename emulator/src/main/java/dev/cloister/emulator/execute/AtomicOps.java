package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Read-modify-write instructions whose comparison or exchange spans registers. */
public final class AtomicOps {
    private AtomicOps() {}

    public static void register(HandlerRegistry table) {
        table.put(AtomicOps::xadd, "xadd");
        table.put(AtomicOps::cmpxchg, "cmpxchg");
        table.put((x, i) -> pair(x, i, 4), "cmpxchg8b");
        table.put((x, i) -> pair(x, i, 8), "cmpxchg16b");
    }

    private static void xadd(Execution x, Instruction i) {
        long old = x.getForWrite(i, 0);
        long sum = Alu.add(x.state, old, x.get(i, 1), 0, i.sizes[0]);
        if (i.kinds[0] == OperandKind.MEMORY) {
            x.set(i, 0, sum);
            x.set(i, 1, old);
        } else {
            x.set(i, 1, old);
            x.set(i, 0, sum);
        }
    }

    private static void cmpxchg(Execution x, Instruction i) {
        int size = i.sizes[0];
        long old = x.getForWrite(i, 0);
        long accumulator = x.register(CpuState.RAX, size);
        long source = x.get(i, 1);
        boolean equal = accumulator == old;
        // Memory is written back in either case, as the processor does.
        if (equal || i.kinds[0] == OperandKind.MEMORY) {
            x.set(i, 0, equal ? source : old);
        }
        Alu.sub(x.state, accumulator, old, 0, size);
        if (!equal) {
            x.setRegister(CpuState.RAX, size, old);
        }
    }

    private static void pair(Execution x, Instruction i, int half) {
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        if (half == 8) {
            x.segmentation.checkWide(segment, at, 16, LinearMemory.WRITE, true);
        }
        long linear = x.segmentation.linear(segment, at, 2 * half, LinearMemory.WRITE);
        if (half == 8 && (linear & 15) != 0) {
            throw x.fault(CpuException.GP);
        }
        x.segmentation.checkAlignment(linear, 2 * half);
        // Atomic also without LOCK: nothing is lost by it.
        long[] halves = x.a;
        halves[0] = x.register(CpuState.RAX, half);
        halves[1] = x.register(CpuState.RDX, half);
        boolean equal = x.segmentation.exchangePair(
                linear, half, halves, x.register(CpuState.RBX, half), x.register(CpuState.RCX, half));
        Alu.setFlag(x.state, Flags.ZF, equal);
        if (!equal) {
            x.setRegister(CpuState.RAX, half, halves[0]);
            x.setRegister(CpuState.RDX, half, halves[1]);
        }
    }
}
