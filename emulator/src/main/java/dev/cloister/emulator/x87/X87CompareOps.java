package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.Real;
import dev.cloister.emulator.softfloat.SoftFloat;

/** FCOM and its kin, FTST, FXAM, FCOMI, FCMOV. */
final class X87CompareOps {
    private X87CompareOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.waiting((u, x, i) -> compare(u, x, i, false, 0)), "fcom", "fcom2");
        table.put(X87Handlers.waiting((u, x, i) -> compare(u, x, i, false, 1)), "fcomp", "fcomp3", "fcomp5");
        table.put(X87Handlers.waiting((u, x, i) -> registers(u, 1, false, 2)), "fcompp");
        table.put(X87Handlers.waiting((u, x, i) -> registers(u, i.registers[0], true, 0)), "fucom");
        table.put(X87Handlers.waiting((u, x, i) -> registers(u, i.registers[0], true, 1)), "fucomp");
        table.put(X87Handlers.waiting((u, x, i) -> registers(u, 1, true, 2)), "fucompp");
        table.put(X87Handlers.waiting((u, x, i) -> integer(u, x, i, 0)), "ficom");
        table.put(X87Handlers.waiting((u, x, i) -> integer(u, x, i, 1)), "ficomp");
        table.put(X87Handlers.waiting((u, x, i) -> test(u)), "ftst");
        table.put(X87Handlers.waiting((u, x, i) -> examine(u)), "fxam");
        table.put(X87Handlers.waiting((u, x, i) -> flags(u, x, i, false, 0)), "fcomi");
        table.put(X87Handlers.waiting((u, x, i) -> flags(u, x, i, false, 1)), "fcomip");
        table.put(X87Handlers.waiting((u, x, i) -> flags(u, x, i, true, 0)), "fucomi");
        table.put(X87Handlers.waiting((u, x, i) -> flags(u, x, i, true, 1)), "fucomip");
        move(table, Flags.CF, "b");
        move(table, Flags.ZF, "e");
        move(table, Flags.CF | Flags.ZF, "be");
        move(table, Flags.PF, "u");
    }

    private static void move(HandlerRegistry table, long mask, String name) {
        table.put(X87Handlers.waiting((u, x, i) -> move(u, i, (x.state.rflags() & mask) != 0)), "fcmov" + name);
        table.put(X87Handlers.waiting((u, x, i) -> move(u, i, (x.state.rflags() & mask) == 0)), "fcmovn" + name);
    }

    private static void move(X87Unit u, Instruction i, boolean condition) {
        int from = i.registers[1];
        if (u.isEmpty(0) || u.isEmpty(from)) {
            u.underflow(0);
        } else if (condition) {
            u.keepConditions();
            u.put(0, u.significand(from), u.signExponent(from));
        } else {
            u.keepConditions();
        }
    }

    private static void compare(X87Unit u, Execution x, Instruction i, boolean quiet, int pops) {
        if (i.kinds[0] == OperandKind.MEMORY) {
            X87ArithmeticOps.loadReal(u, x, i, u.b);
            source(u, quiet, pops);
        } else {
            registers(u, i.registers[0], quiet, pops);
        }
    }

    private static void integer(X87Unit u, Execution x, Instruction i, int pops) {
        X87ArithmeticOps.loadInteger(x, i, u.b);
        source(u, false, pops);
    }

    private static void test(X87Unit u) {
        u.b.setZero(false);
        source(u, false, 0);
    }

    private static void registers(X87Unit u, int with, boolean quiet, int pops) {
        if (u.isEmpty(0) || u.isEmpty(with)) {
            u.stackFault(false);
            conclude(u, SoftFloat.UNORDERED, pops);
            return;
        }
        u.get(with, u.b);
        source(u, quiet, pops);
    }

    private static void source(X87Unit u, boolean quiet, int pops) {
        if (u.isEmpty(0)) {
            u.stackFault(false);
            conclude(u, SoftFloat.UNORDERED, pops);
            return;
        }
        u.get(0, u.a);
        conclude(u, u.math.compare(u.a, u.b, quiet), pops);
    }

    private static void conclude(X87Unit u, int order, int pops) {
        u.setConditions(X87Unit.C0 | X87Unit.C2 | X87Unit.C3, conditions(order));
        pop(u, pops);
    }

    private static int conditions(int order) {
        return switch (order) {
            case -1 -> X87Unit.C0;
            case 0 -> X87Unit.C3;
            case 1 -> 0;
            default -> X87Unit.C0 | X87Unit.C2 | X87Unit.C3;
        };
    }

    private static void flags(X87Unit u, Execution x, Instruction i, boolean quiet, int pops) {
        int with = i.registers[1];
        int order = SoftFloat.UNORDERED;
        if (u.isEmpty(0) || u.isEmpty(with)) {
            u.stackFault(false);
        } else {
            u.get(0, u.a);
            u.get(with, u.b);
            order = u.math.compare(u.a, u.b, quiet);
            u.keepConditions();
        }
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | flags(order));
        pop(u, pops);
    }

    /** Results are reported even where an unmasked exception stops the instruction; only the stack stays as it was. */
    private static void pop(X87Unit u, int pops) {
        for (int n = 0; n < pops && !u.context.stopped(); n++) {
            u.pop();
        }
    }

    private static long flags(int order) {
        return switch (order) {
            case -1 -> Flags.CF;
            case 0 -> Flags.ZF;
            case 1 -> 0;
            default -> Flags.CF | Flags.ZF | Flags.PF;
        };
    }

    private static void examine(X87Unit u) {
        u.get(0, u.a);
        int type = u.isEmpty(0) ? X87Unit.C3 | X87Unit.C0 : type(u.a);
        u.setConditions(X87Unit.C0 | X87Unit.C2 | X87Unit.C3, type);
        u.c1 = u.a.negative;
    }

    private static int type(Real a) {
        return switch (a.kind) {
            case Real.ZERO -> X87Unit.C3;
            case Real.FINITE -> X87Unit.C2 | (a.denormal ? X87Unit.C3 : 0);
            case Real.INFINITE -> X87Unit.C2 | X87Unit.C0;
            case Real.UNSUPPORTED -> 0;
            default -> X87Unit.C0;
        };
    }
}
