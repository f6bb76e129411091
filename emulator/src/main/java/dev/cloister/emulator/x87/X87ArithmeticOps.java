package dev.cloister.emulator.x87;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatFormat;
import dev.cloister.emulator.softfloat.Real;
import dev.cloister.emulator.softfloat.RealMath;

/** FADD to FDIVR in all forms, FSQRT, FABS, FCHS. */
final class X87ArithmeticOps {
    private interface Binary {
        void apply(RealMath math, Real a, Real b, Real r);
    }

    private X87ArithmeticOps() {}

    static void register(HandlerRegistry table) {
        family(table, "add", false, (m, a, b, r) -> m.add(a, b, false, r));
        family(table, "mul", false, RealMath::multiply);
        family(table, "sub", true, (m, a, b, r) -> m.add(a, b, true, r));
        family(table, "div", true, RealMath::divide);
        table.put(X87Handlers.waiting(X87ArithmeticOps::squareRoot), "fsqrt");
        table.put(X87Handlers.waiting((u, x, i) -> sign(u, ~0x8000, 0)), "fabs");
        table.put(X87Handlers.waiting((u, x, i) -> sign(u, -1, 0x8000)), "fchs");
    }

    private static void family(HandlerRegistry table, String name, boolean reversible, Binary operation) {
        one(table, name, "", operation);
        if (reversible) {
            one(table, name, "r", (m, a, b, r) -> operation.apply(m, b, a, r));
        }
    }

    private static void one(HandlerRegistry table, String name, String suffix, Binary operation) {
        table.put(X87Handlers.waiting((u, x, i) -> arithmetic(u, x, i, operation, false)), "f" + name + suffix);
        table.put(X87Handlers.waiting((u, x, i) -> arithmetic(u, x, i, operation, true)), "f" + name + suffix + "p");
        table.put(X87Handlers.waiting((u, x, i) -> integerArithmetic(u, x, i, operation)), "fi" + name + suffix);
    }

    private static void arithmetic(X87Unit u, Execution x, Instruction i, Binary operation, boolean pop) {
        if (i.kinds[0] == OperandKind.MEMORY) {
            loadReal(u, x, i, u.b);
            withSource(u, operation);
            return;
        }
        int to = i.registers[0];
        int from = i.registers[1];
        boolean done;
        if (u.isEmpty(to) || u.isEmpty(from)) {
            done = u.underflow(to);
        } else {
            u.get(to, u.a);
            u.get(from, u.b);
            operation.apply(u.math, u.a, u.b, u.r);
            done = u.store(to);
        }
        if (done && pop) {
            u.pop();
        }
    }

    private static void integerArithmetic(X87Unit u, Execution x, Instruction i, Binary operation) {
        loadInteger(x, i, u.b);
        withSource(u, operation);
    }

    private static void withSource(X87Unit u, Binary operation) {
        if (u.isEmpty(0)) {
            u.underflow(0);
            return;
        }
        u.get(0, u.a);
        operation.apply(u.math, u.a, u.b, u.r);
        u.store(0);
    }

    /** Takes a memory operand of 32 or 64 bits apart. */
    static void loadReal(X87Unit u, Execution x, Instruction i, Real into) {
        u.soft.real(i.sizes[0] == 4 ? FloatFormat.F32 : FloatFormat.F64, x.get(i, 0), into);
    }

    /** Takes an integer in memory of 16, 32 or 64 bits. */
    static void loadInteger(Execution x, Instruction i, Real into) {
        into.setInteger(Execution.signExtend(x.get(i, 0), i.sizes[0]));
    }

    private static void squareRoot(X87Unit u, Execution x, Instruction i) {
        if (u.isEmpty(0)) {
            u.underflow(0);
            return;
        }
        u.get(0, u.a);
        u.math.squareRoot(u.a, u.r);
        u.store(0);
    }

    private static void sign(X87Unit u, int keep, int flip) {
        if (u.isEmpty(0)) {
            u.underflow(0);
            return;
        }
        u.put(0, u.significand(0), u.signExponent(0) & keep ^ flip);
    }
}
