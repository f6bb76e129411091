package dev.cloister.emulator.block;

import java.lang.invoke.MethodHandles;

/** Template: IMUL with two or three operands. */
final class MultiplyOp extends Op {
    private static final int P = Templates.shape(MethodHandles.lookup());
    /** The second factor is the immediate, or the destination. */
    private static final boolean BY_IMMEDIATE = Shape.kind(P) != 0;

    private static final int SIZE = Shape.size(P);
    private static final int SRC = Shape.src(P);

    MultiplyOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new MultiplyOp(o);
    }

    @Override
    void execute(BlockContext c) {
        long a = SRC == Shape.MEMORY ? c.load(linear(c, P, SIZE, 0), SIZE) : c.register(SRC, src, SIZE);
        long x = Shape.signExtend(a, SIZE);
        long y = BY_IMMEDIATE ? immediate : Shape.signExtend(c.gpr[dst], SIZE);
        long low = x * y & Shape.mask(SIZE);
        boolean overflow = LazyFlags.overflows(x, y, SIZE);
        c.setRegister(Shape.REGISTER, dst, SIZE, low);
        c.setFlags(low, overflow, overflow, SIZE);
        c.flagResult = LazyFlags.product(low, SIZE);
    }
}
