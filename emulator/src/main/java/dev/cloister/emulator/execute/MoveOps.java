package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Moves between general registers and memory, extensions and exchanges; moves to system registers go elsewhere. */
public final class MoveOps {
    private MoveOps() {}

    public static void register(HandlerRegistry table) {
        table.put(MoveOps::move, "mov");
        table.put((x, i) -> x.set(i, 0, x.get(i, 1)), "movabs", "movzx", "movnti", "movdiri");
        table.put((x, i) -> x.set(i, 0, Execution.signExtend(x.get(i, 1), i.sizes[1])), "movsx");
        table.put(MoveOps::extendDoubleword, "movsxd");
        table.put((x, i) -> x.set(i, 0, x.effective(i)), "lea");
        table.put(MoveOps::exchange, "xchg");
        // BSWAP of a 16-bit register is undefined and yields zero on the processors at hand.
        table.put((x, i) -> x.set(i, 0, i.sizes[0] == 2 ? 0 : swap(x.get(i, 0), i.sizes[0])), "bswap");
        table.put((x, i) -> x.set(i, 0, swap(x.get(i, 1), i.sizes[0])), "movbe");
        table.put((x, i) -> x.setRegister(CpuState.RAX, 1, x.get(i, 0)), "xlat");
        Handler widen = (x, i) -> {
            int half = i.operandSize / 2;
            x.setRegister(CpuState.RAX, i.operandSize, Execution.signExtend(x.register(CpuState.RAX, half), half));
        };
        table.put(widen, "cbw", "cwde", "cdqe");
        Handler spread = (x, i) -> {
            long value = Execution.signExtend(x.register(CpuState.RAX, i.operandSize), i.operandSize);
            x.setRegister(CpuState.RDX, i.operandSize, value >> 63);
        };
        table.put(spread, "cwd", "cdq", "cqo");
        for (String name : Conditions.NAMES) {
            table.put(MoveOps::conditionalMove, "cmov" + name);
            table.put((x, i) -> x.set(i, 0, Conditions.holds(x.state, i.opcode) ? 1 : 0), "set" + name);
        }
    }

    private static void move(Execution x, Instruction i) {
        OperandKind to = i.kinds[0];
        OperandKind from = i.kinds[1];
        if (to == OperandKind.SEGMENT) {
            if (i.registers[0] == CpuState.CS) {
                throw x.fault(CpuException.UD);
            }
            SegmentOps.load(x, i.registers[0], (int) x.get(i, 1));
        } else if (to.ordinal() < OperandKind.CONTROL.ordinal() && from.ordinal() < OperandKind.CONTROL.ordinal()) {
            x.set(i, 0, x.get(i, 1));
        } else {
            ControlRegisterOps.move(x, i);
        }
    }

    /** With a 16-bit operand size only 16 bits are read (SDM vol. 2, MOVSX/MOVSXD). */
    private static void extendDoubleword(Execution x, Instruction i) {
        if (i.operandSize == 2 && i.kinds[1] == OperandKind.MEMORY) {
            x.set(i, 0, x.read(x.segmentOf(i), x.effective(i), 2, 0));
        } else {
            x.set(i, 0, Execution.signExtend(x.get(i, 1), i.sizes[1]));
        }
    }

    private static void exchange(Execution x, Instruction i) {
        if (i.opcode == 0x90 && i.registers[0] == CpuState.RAX) {
            // NOP: EAX keeps its upper half (SDM vol. 2, XCHG).
            return;
        }
        long first = x.getForWrite(i, 0);
        long second = x.get(i, 1);
        x.set(i, 0, second);
        x.set(i, 1, first);
    }

    /** The source is read, and may fault, also where the condition doesn't hold. */
    private static void conditionalMove(Execution x, Instruction i) {
        long value = x.get(i, 1);
        x.set(i, 0, Conditions.holds(x.state, i.opcode) ? value : x.get(i, 0));
    }

    public static long swap(long value, int size) {
        return Long.reverseBytes(value) >>> 64 - 8 * size;
    }
}
