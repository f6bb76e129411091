package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.mmu.GuestMemoryException;
import org.jspecify.annotations.Nullable;

/** A block's instructions as JVM bytecode: a hidden class of its own, which goes when the block does. */
abstract class Translated {
    /** The block's operations, its end last: for those that have no bytecode of their own. */
    final Op[] ops;

    Translated(Op[] ops) {
        this.ops = ops;
    }

    /** As {@link Block#execute}. */
    abstract @Nullable Block run(BlockContext c, Block block);

    /** Ends a block at an operation that threw; called with all registers and flags in their places. */
    static @Nullable Block failed(Block block, BlockContext c, int n, Throwable e) {
        return switch (e) {
            case CpuException _, GuestMemoryException _, Stop.Signal _, InternalError _ -> block.broken(c, n, e);
            case RuntimeException other -> throw other;
            case Error other -> throw other;
            default -> throw new IllegalStateException(e);
        };
    }
}
