package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/** Template: addition, subtraction, comparison, logic; alone, or with the conditional jump that follows. */
final class AluOp extends Op {
    static final int ADD = 0;
    static final int OR = 1;
    static final int ADC = 2;
    static final int SBB = 3;
    static final int AND = 4;
    static final int SUB = 5;
    static final int XOR = 6;
    static final int CMP = 7;
    static final int TEST = 8;
    static final int INC = 9;
    static final int DEC = 10;
    static final int NEG = 11;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int DST = Shape.dst(P);
    private static final int SRC = Shape.src(P);
    private static final boolean WRITES = KIND != CMP && KIND != TEST;
    private static final int ACCESS = DST == Shape.MEMORY && WRITES ? LinearMemory.WRITE : 0;
    private static final boolean FLAGS = (P & Shape.FLAGS_DEAD) == 0;
    private static final boolean LOGIC = KIND == OR || KIND == AND || KIND == XOR || KIND == TEST;

    AluOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new AluOp(o);
    }

    @Override
    void execute(BlockContext c) {
        long linear = DST == Shape.MEMORY || SRC == Shape.MEMORY ? linear(c, P, SIZE, ACCESS) : 0;
        long b = SRC == Shape.IMMEDIATE
                ? immediate
                : SRC == Shape.MEMORY ? c.load(linear, SIZE) : c.register(SRC, src, SIZE);
        long a = first(c, linear);
        long r = result(c, a, b) & Shape.mask(SIZE);
        if (WRITES) {
            if (DST == Shape.MEMORY) {
                c.store(linear, SIZE, r);
            } else {
                c.setRegister(DST, dst, SIZE, r);
            }
        }
        if (FLAGS) {
            c.setFlags(r, LOGIC ? 0 : carries(c, a, b, r), SIZE);
        }
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        execute(c);
        return c.holds(Shape.condition(P)) ? from.taken(c) : from.next(c);
    }

    private long first(BlockContext c, long linear) {
        if (DST == Shape.MEMORY) {
            return WRITES ? c.loadForWrite(linear, SIZE) : c.load(linear, SIZE);
        }
        return c.register(DST, dst, SIZE);
    }

    private static long result(BlockContext c, long a, long b) {
        return switch (KIND) {
            case ADD, INC -> a + b;
            case OR -> a | b;
            case ADC -> a + b + c.carryIn();
            case SBB -> a - b - c.carryIn();
            case AND, TEST -> a & b;
            case XOR -> a ^ b;
            case NEG -> -a;
            default -> a - b;
        };
    }

    private static long carries(BlockContext c, long a, long b, long r) {
        return switch (KIND) {
            case ADD, ADC -> LazyFlags.addCarries(a, b, r);
            case INC -> LazyFlags.keepCarry(a & ~r, c.carry(), SIZE);
            case DEC -> LazyFlags.keepCarry(~a & r, c.carry(), SIZE);
            case NEG -> a | r;
            default -> LazyFlags.subCarries(a, b, r);
        };
    }
}
