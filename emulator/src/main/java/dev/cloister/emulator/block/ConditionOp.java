package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/** Template: what depends on a condition: Jcc, SETcc, CMOVcc. */
final class ConditionOp extends Op {
    static final int JUMP = 0;
    static final int SET = 1;
    static final int MOVE = 2;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int DST = Shape.dst(P);
    private static final int SRC = Shape.src(P);
    private static final int CONDITION = Shape.condition(P);

    ConditionOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new ConditionOp(o);
    }

    @Override
    void execute(BlockContext c) {
        if (KIND == MOVE) {
            // The source is read, and may fault, also where the condition doesn't hold.
            long value = SRC == Shape.MEMORY ? c.load(linear(c, P, SIZE, 0), SIZE) : c.register(SRC, src, SIZE);
            c.setRegister(DST, dst, SIZE, c.holds(CONDITION) ? value : c.register(DST, dst, SIZE));
        } else if (DST == Shape.MEMORY) {
            c.store(linear(c, P, 1, LinearMemory.WRITE), 1, c.holds(CONDITION) ? 1 : 0);
        } else {
            c.setRegister(DST, dst, 1, c.holds(CONDITION) ? 1 : 0);
        }
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        return c.holds(CONDITION) ? from.taken(c) : from.next(c);
    }
}
