package dev.cloister.emulator.vector;

import dev.cloister.emulator.execute.HandlerRegistry;

/** All instructions of this package. */
public final class VectorOps {
    private VectorOps() {}

    /**
     * Registers the handlers.
     *
     * @param table receives them
     */
    public static void register(HandlerRegistry table) {
        VectorMoveOps.register(table);
        VectorIntegerOps.register(table);
        VectorShiftOps.register(table);
        VectorShuffleOps.register(table);
        VectorPermuteOps.register(table);
        VectorHorizontalOps.register(table);
        VectorMaskOps.register(table);
        VectorFloatOps.register(table);
        VectorCompareOps.register(table);
        VectorConvertOps.register(table);
        VectorFmaOps.register(table);
        VectorEstimateOps.register(table);
        VectorStringOps.register(table);
        VectorCryptoOps.register(table);
    }
}
