package dev.cloister.emulator.softfloat;

/**
 * Rounds {@link Real}s into a format. The result is left as a biased exponent and a significand with its integer bit at
 * bit 63, which is the F80 encoding, and is packed for the other formats by {@link #pack}. Tininess is detected after
 * rounding, as x86 processors do.
 */
public final class Rounding {
    /** How far wrapped exponents are moved (Intel SDM vol. 1, 4.9.1.4 and 4.9.1.5). */
    private static final int WRAP = 24576;

    private final FloatContext context;
    private long significand;
    private int biased;
    private boolean negative;

    private boolean inexact;

    /**
     * Makes the rounding of one unit.
     *
     * @param context its control and status
     */
    public Rounding(FloatContext context) {
        this.context = context;
    }

    /**
     * The rounded significand.
     *
     * @return bit 63 is the integer bit
     */
    public long significand() {
        return significand;
    }

    /**
     * Sign and biased exponent of the rounded number.
     *
     * @return the sign in bit 15 (F80 only)
     */
    public int signExponent() {
        return biased | (negative ? 0x8000 : 0);
    }

    /** Whether a discarded part, left-aligned with a sticky lowest bit, makes the kept magnitude grow. */
    static boolean increments(int mode, boolean negative, boolean odd, long rest) {
        return switch (mode) {
            case FloatContext.NEAREST -> rest < 0 && (odd || rest != Long.MIN_VALUE);
            case FloatContext.DOWN -> negative && rest != 0;
            case FloatContext.UP -> !negative && rest != 0;
            default -> false;
        };
    }

    /**
     * Rounds to a format other than F80.
     *
     * @param r the number; NaNs are quiet
     * @param f the format
     */
    public void round(Real r, FloatFormat f) {
        round(r, f, f.precision, false);
    }

    /**
     * Rounds to the F80 format with the context's precision.
     *
     * @param r the number; NaNs are quiet
     */
    public void round(Real r) {
        round(r, FloatFormat.F80, context.precision, context.wraps);
    }

    /**
     * Rounds to the F80 format with all its bits, whatever the precision control says.
     *
     * @param r the number; NaNs are quiet
     */
    public void roundFull(Real r) {
        round(r, FloatFormat.F80, 64, context.wraps);
    }

    private void round(Real r, FloatFormat f, int precision, boolean wraps) {
        negative = r.negative;
        context.roundedUp = false;
        inexact = false;
        if (r.kind != Real.FINITE) {
            biased = r.kind == Real.ZERO ? 0 : f.special;
            significand = r.kind == Real.INFINITE ? Long.MIN_VALUE : r.significand;
            return;
        }
        if (r.exponent < f.minimum) {
            small(r, f, precision);
        } else {
            normal(r.exponent, r.significand, r.low, f, precision);
            overflow(r, f, precision, wraps);
        }
        context.raise(inexact ? FloatContext.PE : 0);
    }

    /** Rounds {@code high:low} after the given number of bits; bit 63 may be carried out into the exponent. */
    private void normal(int exponent, long high, long low, FloatFormat f, int precision) {
        int drop = 64 - precision;
        long kept = drop == 0 ? high : high >>> drop << drop;
        long rest = drop == 0 ? low : high << 64 - drop | Wide.sticky(low);
        boolean odd = (kept >>> drop & 1) != 0;
        boolean up = increments(context.rounding, negative, odd, rest);
        inexact = rest != 0;
        context.roundedUp = up;
        biased = exponent + f.bias;
        significand = kept;
        if (up) {
            significand += 1L << drop;
            if (kept < 0 && significand >= 0) {
                significand = Long.MIN_VALUE;
                biased++;
            }
        }
    }

    private void overflow(Real r, FloatFormat f, int precision, boolean wraps) {
        if (biased < f.special) {
            return;
        }
        context.raise(FloatContext.OE);
        if (wraps && !context.isMasked(FloatContext.OE)) {
            biased -= WRAP;
            if (biased >= f.special) {
                tooFar(f.special, Long.MIN_VALUE, true);
            }
            return;
        }
        // SSE reports inexactness of the value itself where overflow is unmasked.
        inexact |= context.isMasked(FloatContext.OE);
        infinite(f, precision);
    }

    /** Even the wrapped exponent is out of range (FSCALE): the rounding mode doesn't matter. */
    private void tooFar(int exponent, long bits, boolean up) {
        biased = exponent;
        significand = bits;
        inexact = true;
        context.roundedUp = up;
    }

    private void infinite(FloatFormat f, int precision) {
        boolean up = increments(context.rounding, negative, true, -1L);
        context.roundedUp = up;
        biased = up ? f.special : f.special - 1;
        significand = up ? Long.MIN_VALUE : -1L << 64 - precision;
    }

    /** A magnitude below the smallest normal number. */
    private void small(Real r, FloatFormat f, int precision) {
        boolean tiny = isTiny(r, f, precision);
        if (tiny && !context.isMasked(FloatContext.UE)) {
            unbounded(r, f, precision);
        } else if (tiny && context.flushToZero) {
            context.raise(FloatContext.UE | FloatContext.PE);
            biased = 0;
            significand = 0;
        } else {
            subnormal(r, f, precision);
            context.raise(tiny && inexact ? FloatContext.UE : 0);
        }
    }

    /** Whether the number would still be too small after rounding with an exponent of any size. */
    private boolean isTiny(Real r, FloatFormat f, int precision) {
        if (r.exponent != f.minimum - 1) {
            return true;
        }
        normal(r.exponent, r.significand, r.low, f, precision);
        return biased == 0;
    }

    /** The response to unmasked underflow: the exponent is moved up, and only what is lost then is inexact. */
    private void unbounded(Real r, FloatFormat f, int precision) {
        context.raise(FloatContext.UE);
        normal(r.exponent + WRAP, r.significand, r.low, f, precision);
        if (biased <= 0) {
            tooFar(0, 0, false);
        }
    }

    private void subnormal(Real r, FloatFormat f, int precision) {
        int shift = f.minimum - r.exponent;
        long low = Wide.shiftLow(r.significand, r.low, shift);
        normal(f.minimum, Wide.shiftHigh(r.significand, shift), low, f, precision);
        if (significand >= 0) {
            biased = 0;
        }
    }

    /** The rounded number in a format other than F80. */
    long pack(FloatFormat f) {
        long sign = negative ? 1L << f.signShift() : 0;
        return sign | (long) biased << f.fractionBits | (significand & Long.MAX_VALUE) >>> 63 - f.fractionBits;
    }
}
