package dev.cloister.emulator.decode;

/** Operand widths by the lower-case letters of the SDM's opcode maps (vol. 2, A.2.2), and a few of our own. */
public enum OperandWidth {
    N,
    B,
    W,
    D,
    Q,
    V,
    Z,
    Y,
    X,
    DQ,
    QQ,
    P,
    S,
    T,
    A,
    /** The address size, of a register that holds an address. */
    AS,
    /** Half of the vector length. */
    HX,
    /** A quarter of the vector length. */
    KX,
    /** An eighth of the vector length. */
    EX;

    private static final int[] FIXED = {0, 1, 2, 4, 8, 0, 0, 0, 0, 16, 32, 0, 0, 10, 0, 0, 0, 0, 0};

    /** The width in bytes for one decoded instruction. */
    public int bytes(Instruction i) {
        int fixed = FIXED[ordinal()];
        return fixed != 0 || this == N ? fixed : ordinal() >= HX.ordinal() || this == X ? vector(i) : scalar(i);
    }

    private int vector(Instruction i) {
        int full = i.vectorLength == 0 ? 16 : 32;
        return switch (this) {
            case HX -> full >> 1;
            case KX -> full >> 2;
            case EX -> full >> 3;
            default -> full;
        };
    }

    private int scalar(Instruction i) {
        return switch (this) {
            case V -> i.operandSize;
            case Z -> Math.min(i.operandSize, 4);
            case Y -> i.wide && i.bits == 64 ? 8 : 4;
            case P -> i.operandSize + 2;
            case A -> i.operandSize * 2;
            case AS -> i.addressSize;
            default -> i.bits == 64 ? 10 : 6;
        };
    }

    public static OperandWidth of(String letters) {
        return valueOf(letters.toUpperCase(java.util.Locale.ROOT));
    }
}
