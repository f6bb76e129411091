package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/** Addition, subtraction, comparison and logic. */
public final class ArithmeticOps {
    private ArithmeticOps() {}

    /** Two operands to one result, setting flags. */
    @FunctionalInterface
    private interface Binary {
        long apply(CpuState state, long a, long b, int size);
    }

    /** One operand to one result. */
    @FunctionalInterface
    private interface Unary {
        long apply(CpuState state, long a, int size);
    }

    public static void register(HandlerRegistry table) {
        table.put(update((s, a, b, n) -> Alu.add(s, a, b, 0, n)), "add");
        table.put(update((s, a, b, n) -> Alu.add(s, a, b, s.rflags() & Flags.CF, n)), "adc");
        table.put(update((s, a, b, n) -> Alu.sub(s, a, b, 0, n)), "sub");
        table.put(update((s, a, b, n) -> Alu.sub(s, a, b, s.rflags() & Flags.CF, n)), "sbb");
        table.put(update((s, a, b, n) -> Alu.logic(s, a & b, n)), "and");
        table.put(update((s, a, b, n) -> Alu.logic(s, a | b, n)), "or");
        table.put(update((s, a, b, n) -> Alu.logic(s, a ^ b, n)), "xor");
        table.put((x, i) -> Alu.sub(x.state, x.get(i, 0), x.get(i, 1), 0, i.sizes[0]), "cmp");
        table.put((x, i) -> Alu.logic(x.state, x.get(i, 0) & x.get(i, 1), i.sizes[0]), "test");
        table.put(update(Alu::inc), "inc");
        table.put(update(Alu::dec), "dec");
        table.put(update((s, a, n) -> Alu.sub(s, 0, a, 0, n)), "neg");
        table.put(update((s, a, n) -> ~a), "not");
    }

    private static Handler update(Binary operation) {
        return (x, i) -> {
            long a = x.getForWrite(i, 0);
            x.set(i, 0, operation.apply(x.state, a, x.get(i, 1), i.sizes[0]));
        };
    }

    private static Handler update(Unary operation) {
        return (x, i) -> x.set(i, 0, operation.apply(x.state, x.getForWrite(i, 0), i.sizes[0]));
    }
}
