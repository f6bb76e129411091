package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuState;
import org.jspecify.annotations.Nullable;

/** LOOP, LOOPE, LOOPNE and JRCXZ; {@code immediate} is which, {@code dst} the address size. */
final class LoopOp extends Op {
    static final int LOOP = 0;
    static final int WHILE_EQUAL = 1;
    static final int WHILE_UNEQUAL = 2;
    static final int IF_ZERO = 3;

    private static final int EQUAL = 4;

    LoopOp(Operands o) {
        super(o);
    }

    @Override
    void execute(BlockContext c) {
        throw new IllegalStateException("a branch ends its block");
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        return branches(c) ? from.taken(c) : from.next(c);
    }

    private boolean branches(BlockContext c) {
        long count = c.x.register(CpuState.RCX, dst);
        if (immediate == IF_ZERO) {
            return count == 0;
        }
        c.x.setRegister(CpuState.RCX, dst, count - 1);
        boolean more = count != 1;
        return switch ((int) immediate) {
            case WHILE_EQUAL -> more && c.holds(EQUAL);
            case WHILE_UNEQUAL -> more && !c.holds(EQUAL);
            default -> more;
        };
    }
}
