package dev.cloister.emulator.x87;

import dev.cloister.emulator.softfloat.Real;

/**
 * Transcendental functions of finite numbers to some 120 bits. Their results are irrational wherever they are not
 * exact, so a sticky bit is set: rounding then never takes one for exact.
 */
final class Functions {
    /** The processor's pi has 66 bits (Intel SDM vol. 1, 8.3.8): its 64 high ones, then these. */
    private static final long PI_HIGH = 0x3L;

    private static final long PI_LOW = 0x243F6A8885A308D3L;

    private final Real s = new Real();
    private final Real t = new Real();
    private final Real v = new Real();
    private final Real w = new Real();
    private final Real z = new Real();
    private int quadrant;

    /** Takes the least possible from a magnitude. */
    static void decrease(Real r) {
        r.setFinite(r.negative, r.exponent, r.low == 0 ? r.significand - 1 : r.significand, r.low - 1);
    }

    /** Marks a result as inexact. */
    static void inexact(Real r) {
        r.low |= 1;
    }

    /** r = 2^a - 1 for |a| at most 1. */
    void powerOfTwoMinusOne(Real a, Real r) {
        if (a.exponent == 0 && a.significand << 1 == 0) {
            r.setFinite(a.negative, a.negative ? -1 : 0, Long.MIN_VALUE, 0);
            return;
        }
        Quad.multiply(a, Constants.LN2, t);
        int halvings = Math.max(0, t.exponent + 5);
        t.exponent -= halvings;
        Quad.polynomial(Constants.EXPONENTIAL, t, s);
        Quad.multiply(s, t, r);
        for (int n = 0; n < halvings; n++) {
            Quad.add(r, Constants.TWO, s);
            Quad.multiply(r, s, r);
        }
        inexact(r);
    }

    /** r = log2(a) for positive a; exact for powers of two. */
    void logarithm(Real a, Real r) {
        v.copyFrom(a);
        int exponent = a.exponent;
        // Above the square root of two the next power is nearer.
        if (Long.compareUnsigned(a.significand, 0xB504F333F9DE6484L) > 0) {
            exponent++;
            v.exponent = -1;
        } else {
            v.exponent = 0;
        }
        t.setInteger(exponent);
        Quad.subtract(v, Constants.ONE, w);
        if (w.kind == Real.ZERO) {
            r.copyFrom(t);
            return;
        }
        z.copyFrom(t);
        Quad.add(v, Constants.ONE, v);
        areaTangent(w, v, r);
        Quad.add(r, z, r);
        inexact(r);
    }

    /** r = log2(1 + a) for a above -1. */
    void logarithmOfOnePlus(Real a, Real r) {
        if (a.exponent >= -2) {
            Quad.add(a, Constants.ONE, r);
            logarithm(r, r);
            return;
        }
        Quad.add(a, Constants.TWO, v);
        w.copyFrom(a);
        areaTangent(w, v, r);
        inexact(r);
    }

    /** r = 2 / ln 2 * artanh(numerator / denominator). */
    private void areaTangent(Real numerator, Real denominator, Real r) {
        Quad.divide(numerator, denominator, w, s, t);
        Quad.multiply(w, w, s);
        Quad.polynomial(Constants.AREA_TANGENT, s, t);
        Quad.multiply(t, w, t);
        Quad.multiply(t, Constants.TWO_OVER_LN2, r);
    }

    /** r = the angle of the point (x, y), both finite and not zero. */
    void angle(Real y, Real x, Real r) {
        boolean steep = Quad.isSmaller(x, y);
        boolean yNegative = y.negative;
        boolean xNegative = x.negative;
        v.copyFrom(steep ? x : y);
        w.copyFrom(steep ? y : x);
        v.negative = false;
        w.negative = false;
        Quad.divide(v, w, z, s, t);
        arcTangent(r);
        if (steep) {
            Quad.subtract(Constants.HALF_PI, r, r);
        }
        if (xNegative) {
            Quad.subtract(Constants.PI, r, r);
        }
        r.negative = yNegative;
        if (steep || xNegative || z.exponent >= -40) {
            inexact(r);
        }
    }

    /** r = atan(z) for z from 0 to 1. */
    private void arcTangent(Real r) {
        int nearest = z.exponent < -5 ? 0 : (int) (z.significand >>> 58 - z.exponent) + 1 >> 1;
        if (z.exponent < -40) {
            // Processors return the quotient.
            r.copyFrom(z);
            return;
        }
        if (nearest > 0) {
            t.setFinite(false, 59, nearest, 0);
            // t = nearest / 16: bit 0 of an integer weighs 2^-4.
            Quad.subtract(z, t, v);
            Quad.multiply(z, t, w);
            Quad.add(w, Constants.ONE, w);
            if (v.kind == Real.ZERO) {
                r.copyFrom(Constants.ARC_TANGENTS[nearest]);
                return;
            }
            Quad.divide(v, w, z, s, t);
        }
        Quad.multiply(z, z, s);
        Quad.polynomial(Constants.ARC_TANGENT, s, r);
        Quad.multiply(r, z, r);
        Quad.add(r, Constants.ARC_TANGENTS[nearest], r);
    }

    /** z = a reduced to at most a quarter of pi by multiples of half of the processor's pi, exactly. */
    void reduce(Real a) {
        z.copyFrom(a);
        quadrant = 0;
        if (a.exponent < -1) {
            return;
        }
        // In units of 2^-65 half of pi is PI_HIGH:PI_LOW.
        long high = 0;
        long low = a.significand;
        int count = 0;
        for (int n = a.exponent + 2; n > 0; n--) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            count <<= 1;
            if (!isBelowHalfPi(high, low)) {
                high -= PI_HIGH + borrow(low, PI_LOW);
                low -= PI_LOW;
                count++;
            }
        }
        boolean negative = a.negative;
        if (!isBelowHalfPi(high << 1 | low >>> 63, low << 1)) {
            high = PI_HIGH - high - borrow(PI_LOW, low);
            low = PI_LOW - low;
            negative = !negative;
            count++;
        }
        quadrant = (a.negative ? -count : count) & 3;
        z.setFinite(negative, 62, high, low);
    }

    private static boolean isBelowHalfPi(long high, long low) {
        return high < PI_HIGH || high == PI_HIGH && Long.compareUnsigned(low, PI_LOW) < 0;
    }

    private static long borrow(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? 1 : 0;
    }

    /** r = the sine of what was reduced, or the cosine, by quadrant. */
    void sineOfReduced(boolean cosine, Real r) {
        int turn = quadrant + (cosine ? 1 : 0) & 3;
        Quad.multiply(z, z, s);
        if ((turn & 1) == 0) {
            Quad.polynomial(Constants.SINE, s, r);
            Quad.multiply(r, z, r);
        } else {
            Quad.polynomial(Constants.COSINE, s, r);
        }
        r.negative ^= turn >= 2;
        inexact(r);
    }

    /** r = the tangent of what was reduced. */
    void tangentOfReduced(Real r) {
        if (z.exponent < -33) {
            // Processors subtract a trifle where they should add one.
            r.copyFrom(z);
            decrease(r);
            return;
        }
        sineOfReduced(false, v);
        sineOfReduced(true, w);
        Quad.divide(v, w, r, s, t);
        inexact(r);
    }
}
