package dev.cloister.emulator.block;

/** NOP and its kin. */
final class NothingOp extends Op {
    static final NothingOp OP = new NothingOp();

    private NothingOp() {
        super(new Operands());
    }

    @Override
    void execute(BlockContext c) {
        // As it says.
    }
}
