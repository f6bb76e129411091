package dev.cloister.emulator.block;

/** What decoding found out about one operation; copied into an {@link Op} when that is made. Mutable, used while building. */
final class Operands {
    /** What the operation is specialised for; see {@link Shape}. */
    int shape;

    int dst;
    int src;
    int base;
    int index;
    int scale;
    int segment;
    long displacement;
    long immediate;
}
