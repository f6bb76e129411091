package dev.cloister.emulator.block;

import java.lang.invoke.MethodHandles;

/** Template: what works on registers alone and leaves the flags: NOT, BSWAP, XCHG, CBW and CWD with their kin. */
final class UnaryOp extends Op {
    static final int NOT = 0;
    static final int BSWAP = 1;
    static final int EXCHANGE = 2;
    static final int WIDEN = 3;
    static final int SPREAD = 4;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int DST = Shape.dst(P);
    private static final int SRC = Shape.src(P);
    private static final int RAX = 0;
    private static final int RDX = 2;

    UnaryOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new UnaryOp(o);
    }

    @Override
    void execute(BlockContext c) {
        switch (KIND) {
            case NOT -> c.setRegister(DST, dst, SIZE, ~c.register(DST, dst, SIZE) & Shape.mask(SIZE));
            case BSWAP ->
                c.setRegister(DST, dst, SIZE, Long.reverseBytes(c.register(DST, dst, SIZE)) >>> 64 - 8 * SIZE);
            case EXCHANGE -> {
                long first = c.register(DST, dst, SIZE);
                long second = c.register(SRC, src, SIZE);
                c.setRegister(DST, dst, SIZE, second);
                c.setRegister(SRC, src, SIZE, first);
            }
            case WIDEN -> {
                long value = Shape.signExtend(c.gpr[RAX], SIZE / 2);
                c.setRegister(Shape.REGISTER, RAX, SIZE, value & Shape.mask(SIZE));
            }
            default -> {
                long value = Shape.signExtend(c.gpr[RAX], SIZE) >> 63;
                c.setRegister(Shape.REGISTER, RDX, SIZE, value & Shape.mask(SIZE));
            }
        }
    }
}
