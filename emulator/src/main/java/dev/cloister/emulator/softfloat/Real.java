package dev.cloister.emulator.softfloat;

/**
 * A number taken apart: sign, unbiased exponent and a normalised significand of 64 bits with 64 more below it for results
 * that are not rounded yet. The value of a finite number is {@code significand.low * 2^(exponent - 63)}. Mutable and
 * reused; fields are open because every operation needs all of them.
 */
public final class Real {
    /** {@link #kind}: zero. */
    public static final int ZERO = 0;
    /** {@link #kind}: a finite number other than zero. */
    public static final int FINITE = 1;
    /** {@link #kind}: an infinity. */
    public static final int INFINITE = 2;
    /** {@link #kind}: a quiet NaN. */
    public static final int QUIET = 3;
    /** {@link #kind}: a signalling NaN. */
    public static final int SIGNALING = 4;
    /** {@link #kind}: an 80-bit encoding that the processor refuses (pseudo-NaN, pseudo-infinity, unnormal). */
    public static final int UNSUPPORTED = 5;

    /** Bit 62 of a NaN's significand: quiet. */
    static final long QUIET_BIT = 1L << 62;

    /** What this is: one of the constants. */
    public int kind;
    /** The sign. */
    public boolean negative;
    /** The unbiased exponent of a finite number. */
    public int exponent;
    /** Finite: normalised, bit 63 set. NaN: bit 63 set, then the payload from bit 62 (the quiet bit) downward. */
    public long significand;
    /** Bits below the significand; the lowest one also stands for everything lower. */
    public long low;
    /** Unpacked from a denormal (or pseudo-denormal) encoding. */
    public boolean denormal;

    /** Makes a zero. */
    public Real() {
        kind = ZERO;
    }

    /**
     * Copies another number.
     *
     * @param other the source
     */
    public void copyFrom(Real other) {
        kind = other.kind;
        negative = other.negative;
        exponent = other.exponent;
        significand = other.significand;
        low = other.low;
        denormal = other.denormal;
    }

    /**
     * Becomes a zero.
     *
     * @param sign true for -0
     */
    public void setZero(boolean sign) {
        kind = ZERO;
        negative = sign;
        significand = 0;
        low = 0;
        exponent = 0;
        denormal = false;
    }

    /**
     * Becomes an infinity.
     *
     * @param sign true for the negative one
     */
    public void setInfinite(boolean sign) {
        setZero(sign);
        kind = INFINITE;
    }

    /** Becomes the default NaN (real indefinite). */
    public void setDefaultNan() {
        setZero(true);
        kind = QUIET;
        significand = Long.MIN_VALUE | QUIET_BIT;
    }

    /**
     * Becomes a finite number, normalised.
     *
     * @param sign true for a negative number
     * @param power exponent of bit 63 of {@code high}
     * @param high upper half of the significand, any value
     * @param below lower half; zero with {@code high} makes a zero
     */
    public void setFinite(boolean sign, int power, long high, long below) {
        if ((high | below) == 0) {
            setZero(sign);
            return;
        }
        kind = FINITE;
        negative = sign;
        denormal = false;
        long h = high;
        long l = below;
        int e = power;
        if (h == 0) {
            h = l;
            l = 0;
            e -= 64;
        }
        int shift = Long.numberOfLeadingZeros(h);
        if (shift != 0) {
            h = h << shift | l >>> 64 - shift;
            l <<= shift;
            e -= shift;
        }
        exponent = e;
        significand = h;
        low = l;
    }

    /**
     * Becomes an integer's value.
     *
     * @param value any value
     */
    public void setInteger(long value) {
        setFinite(value < 0, 63, value < 0 ? -value : value, 0);
    }

    /**
     * Whether this is a NaN or an encoding that behaves like one.
     *
     * @return true for quiet, signalling and unsupported
     */
    public boolean isNan() {
        return kind >= QUIET;
    }

    /** Takes 16, 32 or 64 bits apart. */
    void unpack(FloatFormat f, long bits) {
        low = 0;
        denormal = false;
        negative = (bits >>> f.signShift() & 1) != 0;
        int biased = (int) (bits >>> f.fractionBits) & f.special;
        long fraction = bits << 64 - f.fractionBits;
        if (biased == 0) {
            subnormal(fraction, f.minimum - 1);
        } else if (biased == f.special) {
            special(fraction >>> 1 | Long.MIN_VALUE);
        } else {
            kind = FINITE;
            exponent = biased - f.bias;
            significand = fraction >>> 1 | Long.MIN_VALUE;
        }
    }

    /**
     * Takes an 80-bit number apart.
     *
     * @param bits the significand with its integer bit
     * @param signExponent sign in bit 15, biased exponent below
     */
    public void unpack80(long bits, int signExponent) {
        low = 0;
        denormal = false;
        negative = (signExponent & 0x8000) != 0;
        int biased = signExponent & 0x7FFF;
        if (biased == 0) {
            subnormal(bits, FloatFormat.F80.minimum);
        } else if (bits >= 0) {
            kind = UNSUPPORTED;
            significand = bits;
        } else if (biased == FloatFormat.F80.special) {
            special(bits);
        } else {
            kind = FINITE;
            exponent = biased - FloatFormat.F80.bias;
            significand = bits;
        }
    }

    private void subnormal(long fraction, int power) {
        significand = 0;
        exponent = 0;
        if (fraction == 0) {
            kind = ZERO;
            return;
        }
        kind = FINITE;
        denormal = true;
        int shift = Long.numberOfLeadingZeros(fraction);
        significand = fraction << shift;
        exponent = power - shift;
    }

    private void special(long bits) {
        significand = bits;
        exponent = 0;
        if (bits << 1 == 0) {
            kind = INFINITE;
        } else {
            kind = (bits & QUIET_BIT) != 0 ? QUIET : SIGNALING;
        }
    }

    /** Compares magnitudes of two finite numbers. */
    static int compareMagnitude(Real a, Real b) {
        if (a.exponent != b.exponent) {
            return Integer.compare(a.exponent, b.exponent);
        }
        int high = Long.compareUnsigned(a.significand, b.significand);
        return high != 0 ? high : Long.compareUnsigned(a.low, b.low);
    }
}
