package dev.cloister.emulator.block;

import org.jspecify.annotations.Nullable;

/** Stands for the rest of a block whose page was written: it leaves the block before that rest. */
final class Stop extends Op {
    static final Stop OP = new Stop();

    static final Signal SIGNAL = new Signal();

    /** Raised instead of executing an instruction that may have been overwritten. */
    static final class Signal extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Signal() {
            super("code was overwritten", null, false, false);
        }
    }

    private Stop() {
        super(new Operands());
    }

    @Override
    void execute(BlockContext c) {
        throw SIGNAL;
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        throw SIGNAL;
    }
}
