package dev.cloister.emulator.block;

import org.jspecify.annotations.Nullable;

/** What decoding found out about one operation; copied into an {@link Op} when that is made. Mutable, used while building. */
final class Operands {
    /** What the operation is specialised for; see {@link Shape}. */
    int shape;

    /** Set where the operation is made by {@link Templates}. */
    @Nullable
    Class<? extends Op> template;

    int dst;
    int src;
    int base;
    int index;
    int scale;
    int segment;
    long displacement;
    long immediate;
}
