package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.invoke.MethodHandles;

/** Template: MOV, MOVZX, MOVSX, MOVSXD and LEA between general registers, immediates and memory. */
final class MoveOp extends Op {
    static final int MOVE = 0;
    static final int SIGNED = 1;
    static final int ADDRESS = 2;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int FROM = Shape.from(P);
    private static final int DST = Shape.dst(P);
    private static final int SRC = Shape.src(P);

    MoveOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new MoveOp(o);
    }

    @Override
    void execute(BlockContext c) {
        long value = value(c);
        if (DST == Shape.MEMORY) {
            c.store(linear(c, P, SIZE, LinearMemory.WRITE), SIZE, value);
        } else {
            c.setRegister(DST, dst, SIZE, value);
        }
    }

    private long value(BlockContext c) {
        if (KIND == ADDRESS) {
            return offset(c, P) & Shape.mask(SIZE);
        }
        long value = switch (SRC) {
            case Shape.IMMEDIATE -> immediate;
            case Shape.MEMORY -> c.load(linear(c, P, FROM, 0), FROM);
            default -> c.register(SRC, src, FROM);
        };
        return KIND == SIGNED ? Shape.signExtend(value, FROM) & Shape.mask(SIZE) : value;
    }
}
