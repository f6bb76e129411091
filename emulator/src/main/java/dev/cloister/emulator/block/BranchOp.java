package dev.cloister.emulator.block;

import org.jspecify.annotations.Nullable;

/** The unconditional ends of a block: a direct jump, or no branch at all. */
final class BranchOp extends Op {
    static final BranchOp JUMP = new BranchOp(true);
    static final BranchOp NONE = new BranchOp(false);

    private final boolean jumps;

    private BranchOp(boolean jumps) {
        super(new Operands());
        this.jumps = jumps;
    }

    @Override
    void execute(BlockContext c) {
        throw new IllegalStateException("a branch ends its block");
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        return jumps ? from.taken(c) : from.next(c);
    }
}
