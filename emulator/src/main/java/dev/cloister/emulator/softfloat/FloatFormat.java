package dev.cloister.emulator.softfloat;

/** A binary interchange format, or the 80-bit format with its explicit integer bit (Intel SDM vol. 1, 4.2.2). */
public enum FloatFormat {
    /** Half precision: 16 bits. */
    F16(11, 5),
    /** Single precision: 32 bits. */
    F32(24, 8),
    /** Double precision: 64 bits. */
    F64(53, 11),
    /** Double extended precision: 80 bits, of which the significand is 64. */
    F80(64, 15);

    /** Bits of the significand, the integer bit included. */
    final int precision;

    /** Bits of the biased exponent. */
    final int exponentBits;

    /** The bias, which is also the greatest exponent. */
    final int bias;

    /** The exponent of the smallest normal number. */
    final int minimum;

    /** The biased exponent of infinities and NaNs. */
    final int special;

    /** Bits of the significand without the integer bit. */
    final int fractionBits;

    FloatFormat(int precision, int exponentBits) {
        this.precision = precision;
        this.exponentBits = exponentBits;
        bias = (1 << exponentBits - 1) - 1;
        minimum = 1 - bias;
        special = (1 << exponentBits) - 1;
        fractionBits = precision - 1;
    }

    /**
     * Bits of the significand.
     *
     * @return 11, 24, 53 or 64, the integer bit included
     */
    public int precision() {
        return precision;
    }

    /** Place of the sign bit; not for F80. */
    int signShift() {
        return fractionBits + exponentBits;
    }
}
