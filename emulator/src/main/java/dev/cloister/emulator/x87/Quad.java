package dev.cloister.emulator.x87;

import dev.cloister.emulator.softfloat.Real;

/**
 * Arithmetic on finite numbers with all 128 bits of {@link Real}, truncated: for functions that are rounded to 64 bits in
 * the end. Results may be operands.
 */
final class Quad {
    private Quad() {}

    /** r = a * b. */
    static void multiply(Real a, Real b, Real r) {
        if (a.kind == Real.ZERO || b.kind == Real.ZERO) {
            r.setZero(a.negative ^ b.negative);
            return;
        }
        long ah = a.significand;
        long al = a.low;
        long bh = b.significand;
        long bl = b.low;
        long middle = Math.unsignedMultiplyHigh(al, bl);
        long carry = 0;
        long cross = ah * bl;
        middle += cross;
        carry += below(middle, cross);
        cross = al * bh;
        middle += cross;
        carry += below(middle, cross);
        long low = ah * bh;
        long high = Math.unsignedMultiplyHigh(ah, bh);
        long part = Math.unsignedMultiplyHigh(ah, bl);
        low += part;
        high += below(low, part);
        part = Math.unsignedMultiplyHigh(al, bh);
        low += part;
        high += below(low, part);
        low += carry;
        high += below(low, carry);
        int exponent = a.exponent + b.exponent + 1;
        boolean negative = a.negative ^ b.negative;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low = low << 1 | middle >>> 63;
            exponent--;
        }
        r.setFinite(negative, exponent, high, low);
    }

    private static long below(long sum, long part) {
        return Long.compareUnsigned(sum, part) < 0 ? 1 : 0;
    }

    /** r = a + b. */
    static void add(Real a, Real b, Real r) {
        add(a, b, b.negative, r);
    }

    /** r = a - b. */
    static void subtract(Real a, Real b, Real r) {
        add(a, b, !b.negative, r);
    }

    private static void add(Real a, Real b, boolean sign, Real r) {
        if (b.kind == Real.ZERO) {
            r.copyFrom(a);
        } else if (a.kind == Real.ZERO) {
            r.copyFrom(b);
            r.negative = sign;
        } else if (isSmaller(a, b)) {
            addOrdered(b, sign, a, a.negative, r);
        } else {
            addOrdered(a, a.negative, b, sign, r);
        }
    }

    /** Whether |a| < |b|. */
    static boolean isSmaller(Real a, Real b) {
        if (a.exponent != b.exponent) {
            return a.exponent < b.exponent;
        }
        int order = Long.compareUnsigned(a.significand, b.significand);
        return order < 0 || order == 0 && Long.compareUnsigned(a.low, b.low) < 0;
    }

    private static void addOrdered(Real big, boolean negative, Real small, boolean sign, Real r) {
        int shift = big.exponent - small.exponent;
        long high = shiftedHigh(small, shift);
        long low = shiftedLow(small, shift);
        int exponent = big.exponent;
        if (negative == sign) {
            long l = big.low + low;
            long h = big.significand + high + below(l, low);
            if ((big.significand & high | (big.significand | high) & ~h) < 0) {
                l = h << 63 | l >>> 1;
                h = h >>> 1 | Long.MIN_VALUE;
                exponent++;
            }
            r.setFinite(negative, exponent, h, l);
        } else {
            long borrow = Long.compareUnsigned(big.low, low) < 0 ? 1 : 0;
            r.setFinite(negative, exponent, big.significand - high - borrow, big.low - low);
        }
    }

    private static long shiftedHigh(Real a, int shift) {
        return shift >= 64 ? 0 : a.significand >>> shift;
    }

    /** At least one: a sum never equals its larger part. */
    private static long shiftedLow(Real a, int shift) {
        if (shift == 0) {
            return a.low;
        }
        if (shift < 64) {
            return a.low >>> shift | a.significand << 64 - shift;
        }
        return shift < 128 ? a.significand >>> shift - 64 | (shift == 127 ? 1 : 0) : 1;
    }

    /** r = a / b by Newton's iteration on the reciprocal; the scratch numbers are overwritten. */
    static void divide(Real a, Real b, Real r, Real s, Real t) {
        // 1/b to some 31 bits.
        long estimate = Long.divideUnsigned(-1L, b.significand >>> 32);
        s.setFinite(b.negative, 30 - b.exponent, estimate, 0);
        refine(b, s, t);
        refine(b, s, t);
        refine(b, s, t);
        multiply(a, s, r);
    }

    /** s = s * (2 - b * s). */
    private static void refine(Real b, Real s, Real t) {
        multiply(b, s, t);
        subtract(Constants.TWO, t, t);
        multiply(s, t, s);
    }

    /** r = c[0] + z * (c[1] + z * (...)). */
    static void polynomial(Real[] c, Real z, Real r) {
        r.copyFrom(c[c.length - 1]);
        for (int n = c.length - 2; n >= 0; n--) {
            multiply(r, z, r);
            add(r, c[n], r);
        }
    }
}
