package dev.cloister.emulator.softfloat;

/** Which NaN an operation with NaN operands returns (Intel SDM vol. 1, tables 4-7 and 11-2). */
public enum NanRule {
    /** SSE and AVX: the first operand that is a NaN, made quiet. */
    FIRST_OPERAND,
    /**
     * x87: a quiet NaN before a signalling one; of two of the same kind the one with the larger significand, and of equal
     * significands the positive one.
     */
    LARGER_SIGNIFICAND,
    /** Always the default NaN. */
    DEFAULT
}
