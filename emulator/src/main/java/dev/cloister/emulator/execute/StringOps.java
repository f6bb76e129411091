package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.Instruction;

/**
 * String instructions with their repeat prefixes. Each iteration is committed, so that a fault leaves the registers at the
 * iteration that faulted; a long repetition stops at {@link #BOUND} iterations and is continued by the next step.
 */
public final class StringOps {
    /** Iterations of one step, so that the caller can look at interrupts in between. */
    public static final int BOUND = 4096;

    private StringOps() {}

    public static void register(HandlerRegistry table) {
        table.put(repeated(StringOps::movs, false), "movs");
        table.put(repeated(StringOps::stos, false), "stos");
        table.put(repeated(StringOps::lods, false), "lods");
        table.put(repeated(StringOps::cmps, true), "cmps");
        table.put(repeated(StringOps::scas, true), "scas");
        table.put(permitted(repeated(IoOps::ins, false)), "ins");
        table.put(permitted(repeated(IoOps::outs, false)), "outs");
    }

    /** The right to the port is checked also where nothing is repeated. */
    private static Handler permitted(Handler string) {
        return (x, i) -> {
            IoOps.checkString(x, i);
            string.execute(x, i);
        };
    }

    private static Handler repeated(Handler once, boolean compares) {
        return (x, i) -> {
            if (i.repeat || i.repeatNot) {
                repeat(x, i, once, compares);
            } else {
                once.execute(x, i);
            }
        };
    }

    private static void repeat(Execution x, Instruction i, Handler once, boolean compares) {
        int width = i.addressSize;
        long count = x.register(CpuState.RCX, width);
        if (count == 0) {
            x.setRegister(CpuState.RCX, width, 0);
            return;
        }
        for (int n = 0; n < BOUND; n++) {
            once.execute(x, i);
            count--;
            x.setRegister(CpuState.RCX, width, count);
            // A fault in a later iteration restores the flags from before the instruction (SDM vol. 2, REP).
            x.commitRegisters();
            boolean stopped = compares && x.state.flag(Flags.ZF) == i.repeatNot;
            if (count == 0 || stopped) {
                return;
            }
            if (x.debug.wantsTrap()) {
                break;
            }
        }
        x.nextRip = x.state.rip();
        x.result = StepResult.REPEATING;
    }

    public static void advance(Execution x, Instruction i, int register, int size) {
        long step = x.state.flag(Flags.DF) ? -size : size;
        x.setRegister(register, i.addressSize, x.register(register, i.addressSize) + step);
    }

    private static void movs(Execution x, Instruction i) {
        x.set(i, 0, x.get(i, 1));
        advance(x, i, CpuState.RSI, i.sizes[0]);
        advance(x, i, CpuState.RDI, i.sizes[0]);
    }

    private static void stos(Execution x, Instruction i) {
        x.set(i, 0, x.get(i, 1));
        advance(x, i, CpuState.RDI, i.sizes[0]);
    }

    private static void lods(Execution x, Instruction i) {
        x.set(i, 0, x.get(i, 1));
        advance(x, i, CpuState.RSI, i.sizes[0]);
    }

    private static void cmps(Execution x, Instruction i) {
        // The destination is read first: seen where both fault.
        long right = x.get(i, 1);
        Alu.sub(x.state, x.get(i, 0), right, 0, i.sizes[0]);
        advance(x, i, CpuState.RSI, i.sizes[0]);
        advance(x, i, CpuState.RDI, i.sizes[0]);
    }

    private static void scas(Execution x, Instruction i) {
        Alu.sub(x.state, x.get(i, 0), x.get(i, 1), 0, i.sizes[0]);
        advance(x, i, CpuState.RDI, i.sizes[0]);
    }
}
