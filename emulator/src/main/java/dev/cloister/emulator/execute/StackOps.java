package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** PUSH, POP and their families, ENTER and LEAVE. */
public final class StackOps {
    private StackOps() {}

    public static void register(HandlerRegistry table) {
        table.put(StackOps::push, "push");
        table.put(StackOps::pop, "pop");
        table.put(StackOps::pushAll, "pusha", "pushaw");
        table.put(StackOps::popAll, "popa", "popaw");
        table.put(StackOps::pushFlags, "pushf", "pushfw");
        table.put(StackOps::popFlags, "popf", "popfw");
        table.put(StackOps::enter, "enter");
        table.put(StackOps::leave, "leave");
    }

    /** A segment register's 32-bit push writes 16 bits only, as current processors do it (SDM vol. 2, PUSH). */
    private static void push(Execution x, Instruction i) {
        if (i.kinds[0] == OperandKind.SEGMENT && i.operandSize == 4) {
            long top = x.state.gprs()[CpuState.RSP] - 4 & Execution.mask(x.stackWidth());
            x.write(CpuState.SS, top, 2, x.get(i, 0));
            x.setRegister(CpuState.RSP, x.stackWidth(), top);
        } else {
            x.push(x.get(i, 0), i.operandSize);
        }
    }

    private static void pop(Execution x, Instruction i) {
        if (i.kinds[0] == OperandKind.SEGMENT && i.operandSize == 4) {
            // As pushing: 16 bits are read.
            int selector = (int) x.peek(0, 2);
            x.drop(4);
            SegmentOps.load(x, i.registers[0], selector);
            return;
        }
        long value = x.pop(i.operandSize);
        // A memory destination based on RSP is addressed with RSP already moved (SDM vol. 2, POP).
        if (i.kinds[0] == OperandKind.SEGMENT) {
            SegmentOps.load(x, i.registers[0], (int) value & 0xFFFF);
        } else {
            x.set(i, 0, value);
        }
    }

    private static void pushAll(Execution x, Instruction i) {
        int size = i.operandSize;
        for (int n = 1; n <= 8; n++) {
            // One by one: each may be the one at which a 16-bit stack pointer wraps.
            x.probePush(n * size, size);
        }
        long original = x.state.gprs()[CpuState.RSP];
        for (int r = 0; r < 8; r++) {
            x.push(r == CpuState.RSP ? original : x.state.gprs()[r], size);
        }
    }

    private static void popAll(Execution x, Instruction i) {
        for (int r = 7; r >= 0; r--) {
            long value = x.pop(i.operandSize);
            if (r != CpuState.RSP) {
                x.setRegister(r, i.operandSize, value);
            }
        }
    }

    private static void pushFlags(Execution x, Instruction i) {
        long flags = x.state.rflags();
        if (Virtual8086.usesVirtualFlag(x)) {
            requireShort(x, i);
            flags = Virtual8086.pushedFlags(x);
        }
        x.push(flags & ~(Flags.VM | Flags.RF), i.operandSize);
    }

    /** The extensions of virtual-8086 mode know 16-bit flags only. */
    private static void requireShort(Execution x, Instruction i) {
        if (i.operandSize != 2) {
            throw x.fault(CpuException.GP);
        }
    }

    /** The flags that POPF and IRET may change at this privilege level. */
    public static long writableFlags(Execution x, int cpl, int operandSize) {
        long mask = Flags.STATUS | Flags.TF | Flags.DF | Flags.NT | Flags.AC | Flags.ID;
        if (cpl == 0) {
            mask |= Flags.IOPL;
        }
        if (cpl <= (x.state.rflags() & Flags.IOPL) >>> 12) {
            mask |= Flags.IF;
        }
        return operandSize == 2 ? mask & 0xFFFF : mask;
    }

    private static void popFlags(Execution x, Instruction i) {
        if (Virtual8086.usesVirtualFlag(x)) {
            requireShort(x, i);
            Virtual8086.popFlags(x, x.pop(2));
            return;
        }
        long mask = writableFlags(x, x.cpl, i.operandSize);
        long value = x.pop(i.operandSize);
        x.state.setRflags(x.state.rflags() & ~(mask | Flags.RF) | value & mask);
    }

    private static void enter(Execution x, Instruction i) {
        int size = i.operandSize;
        int level = (int) i.immediate2 & 31;
        int width = x.stackWidth();
        int locals = (int) i.immediate & 0xFFFF;
        x.push(x.state.gprs()[CpuState.RBP], size);
        long frame = x.state.gprs()[CpuState.RSP];
        long display = x.state.gprs()[CpuState.RBP];
        for (int n = 1; n < level; n++) {
            display -= size;
            x.push(x.read(CpuState.SS, display & Execution.mask(width), size, 0), size);
        }
        if (level > 0) {
            x.push(frame, size);
        }
        x.setRegister(CpuState.RBP, size, frame);
        long top = x.state.gprs()[CpuState.RSP] - locals & Execution.mask(width);
        // The final stack pointer must be writable too (SDM vol. 2, ENTER).
        x.segmentation.checkAlignment(top, size);
        x.segmentation.probe(CpuState.SS, top, 1, LinearMemory.WRITE);
        x.setRegister(CpuState.RSP, width, top);
    }

    private static void leave(Execution x, Instruction i) {
        int width = x.stackWidth();
        x.setRegister(CpuState.RSP, width, x.state.gprs()[CpuState.RBP]);
        x.setRegister(CpuState.RBP, i.operandSize, x.pop(i.operandSize));
    }
}
