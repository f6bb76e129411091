package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Near branches; far ones are handed to {@link FarOps}. */
public final class BranchOps {
    private BranchOps() {}

    public static void register(HandlerRegistry table) {
        for (String name : Conditions.NAMES) {
            table.put(
                    (x, i) -> {
                        if (Conditions.holds(x.state, i.opcode)) {
                            x.jump(target(x, i), i.operandSize);
                        }
                    },
                    "j" + name);
        }
        table.put(BranchOps::jump, "jmp");
        table.put(BranchOps::call, "call");
        table.put(BranchOps::ret, "ret");
        table.put((x, i) -> loop(x, i, decrement(x, i)), "loop");
        table.put((x, i) -> loop(x, i, decrement(x, i) && x.state.flag(Flags.ZF)), "loope");
        table.put((x, i) -> loop(x, i, decrement(x, i) && !x.state.flag(Flags.ZF)), "loopne");
        table.put((x, i) -> loop(x, i, x.register(CpuState.RCX, i.addressSize) == 0), "jrcxz");
    }

    private static boolean decrement(Execution x, Instruction i) {
        long count = x.register(CpuState.RCX, i.addressSize) - 1;
        x.setRegister(CpuState.RCX, i.addressSize, count);
        return (count & Execution.mask(i.addressSize)) != 0;
    }

    private static void loop(Execution x, Instruction i, boolean taken) {
        if (taken) {
            x.jump(target(x, i), i.operandSize);
        }
    }

    private static boolean isFar(Instruction i) {
        return i.kinds[0] == OperandKind.FAR_POINTER || i.kinds[0] == OperandKind.MEMORY && i.sizes[0] > i.operandSize;
    }

    private static long target(Execution x, Instruction i) {
        return i.kinds[0] == OperandKind.RELATIVE ? x.nextRip + i.immediate : x.get(i, 0);
    }

    private static void jump(Execution x, Instruction i) {
        if (isFar(i)) {
            FarOps.transfer(x, i, false);
        } else {
            x.jump(target(x, i), i.operandSize);
        }
    }

    private static void call(Execution x, Instruction i) {
        if (isFar(i)) {
            FarOps.transfer(x, i, true);
            return;
        }
        long back = x.nextRip;
        long target = target(x, i);
        if (x.long64) {
            // Processors have stored the return address when they find that the target isn't canonical.
            x.push(back, i.operandSize);
            x.jump(target, i.operandSize);
        } else {
            x.jump(target, i.operandSize);
            x.push(back, i.operandSize);
        }
    }

    private static void ret(Execution x, Instruction i) {
        long target = x.pop(i.operandSize);
        x.jump(target, i.operandSize);
        if (i.operandCount == 1) {
            x.drop(i.immediate & 0xFFFF);
        }
    }
}
