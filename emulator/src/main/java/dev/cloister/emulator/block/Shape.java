package dev.cloister.emulator.block;

/** The bits of an operation's shape: what its template class is specialised for. */
final class Shape {
    /** Operand place: low part of a general register. */
    static final int REGISTER = 0;
    /** Operand place: AH, CH, DH, BH. */
    static final int HIGH = 1;
    /** Operand place: memory. */
    static final int MEMORY = 2;
    /** Operand place: immediate (sources only). */
    static final int IMMEDIATE = 3;

    /** Segmentation: base 0, 64-bit mode: canonical check. */
    static final int FLAT_64 = 0;
    /** Segmentation: base 0, limit 4 GiB. */
    static final int FLAT_32 = 1;
    /** Segmentation: FS or GS in 64-bit mode. */
    static final int BASED = 2;
    /** Segmentation: all checks of a legacy segment. */
    static final int CHECKED = 3;

    /** Address has a base register. */
    static final int BASE = 1 << 13;
    /** Address has an index register. */
    static final int INDEX = 1 << 14;
    /** The operation is followed by a conditional jump that was fused with it. */
    static final int JUMPS = 1 << 23;
    /** Nobody sees the flags of this operation. */
    static final int FLAGS_DEAD = 1 << 24;

    private static final int SIZE = 5;
    private static final int FROM = 7;
    private static final int DST = 9;
    private static final int SRC = 11;
    private static final int WIDTH = 15;
    private static final int SEGMENTATION = 17;
    private static final int CONDITION = 19;
    private static final int STACK = 25;

    private Shape() {}

    static int kind(int shape) {
        return shape & 31;
    }

    private static int log(int size) {
        return 31 - Integer.numberOfLeadingZeros(size);
    }

    /** The operand size: 1, 2, 4 or 8. */
    static int size(int shape) {
        return 1 << (shape >> SIZE & 3);
    }

    static int ofSize(int size) {
        return log(size) << SIZE;
    }

    /** The source's size where it differs (extensions). */
    static int from(int shape) {
        return 1 << (shape >> FROM & 3);
    }

    static int ofFrom(int size) {
        return log(size) << FROM;
    }

    static int dst(int shape) {
        return shape >> DST & 3;
    }

    static int ofDst(int place) {
        return place << DST;
    }

    static int src(int shape) {
        return shape >> SRC & 3;
    }

    static int ofSrc(int place) {
        return place << SRC;
    }

    static int segmentation(int shape) {
        return shape >> SEGMENTATION & 3;
    }

    static int ofSegmentation(int form) {
        return form << SEGMENTATION;
    }

    static int ofWidth(int bytes) {
        return log(bytes) << WIDTH;
    }

    /** Cuts an offset to the address size. */
    static long cut(int shape, long offset) {
        return switch (shape >> WIDTH & 3) {
            case 3 -> offset;
            case 2 -> offset & 0xFFFFFFFFL;
            default -> offset & 0xFFFF;
        };
    }

    static int condition(int shape) {
        return shape >> CONDITION & 15;
    }

    static int ofCondition(int condition) {
        return condition << CONDITION;
    }

    /** How the stack is reached: one of the segmentation forms. */
    static int stack(int shape) {
        return shape >> STACK & 3;
    }

    static int ofStack(int form) {
        return form << STACK;
    }

    static long mask(int size) {
        return -1L >>> 64 - 8 * size;
    }

    static long signExtend(long value, int size) {
        int shift = 64 - 8 * size;
        return value << shift >> shift;
    }
}
