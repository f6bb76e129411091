package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.invoke.MethodHandles;

/** Template: shifts and rotates by an immediate or CL; RCL and RCR are left to their handlers. */
final class ShiftOp extends Op {
    static final int ROL = 0;
    static final int ROR = 1;
    static final int SHL = 4;
    static final int SHR = 5;
    static final int SAR = 7;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int DST = Shape.dst(P);
    private static final int SRC = Shape.src(P);
    private static final int COUNT_MASK = SIZE == 8 ? 63 : 31;

    ShiftOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new ShiftOp(o);
    }

    @Override
    void execute(BlockContext c) {
        long linear = DST == Shape.MEMORY ? linear(c, P, SIZE, LinearMemory.WRITE) : 0;
        int count = (int) (SRC == Shape.IMMEDIATE ? immediate : c.gpr[1]) & COUNT_MASK;
        long value = DST == Shape.MEMORY ? c.loadForWrite(linear, SIZE) : c.register(DST, dst, SIZE);
        long r = count == 0 ? value : LazyFlags.shifted(KIND, SIZE, value, count) & Shape.mask(SIZE);
        if (DST == Shape.MEMORY) {
            c.store(linear, SIZE, r);
        } else {
            c.setRegister(DST, dst, SIZE, r);
        }
        if (count != 0) {
            flags(c, value, count, r);
        }
    }

    private static void flags(BlockContext c, long value, int count, long r) {
        switch (KIND) {
            case ROL, ROR ->
                c.setCarryAndOverflow(LazyFlags.rotatedCarry(KIND, SIZE, r), LazyFlags.rotatedOverflow(KIND, SIZE, r));
            default -> c.setFlags(r, LazyFlags.shiftCarries(KIND, SIZE, value, count, r), SIZE);
        }
    }
}
