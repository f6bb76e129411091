package dev.cloister.emulator.softfloat;

/**
 * Arithmetic on {@link Real}s that are taken apart. Results are exact but for a sticky lowest bit, and are rounded
 * afterwards by {@link Rounding}. NaN operands, invalid operations, divisions by zero and denormal operands raise their
 * flags here. The result may be one of the operands.
 */
public final class RealMath {
    private final FloatContext context;
    private final Real product = new Real();
    private final Real addend = new Real();

    /**
     * Makes the arithmetic of one unit.
     *
     * @param context its control and status
     */
    public RealMath(FloatContext context) {
        this.context = context;
    }

    /** The result is the default NaN, and the operation was invalid. */
    public void invalid(Real r) {
        context.raise(FloatContext.IE);
        r.setDefaultNan();
    }

    /**
     * Deals with a NaN operand of an operation with one operand.
     *
     * @param a the operand
     * @param r receives the quiet NaN
     * @return whether there was one
     */
    public boolean nan(Real a, Real r) {
        return a.isNan() && nan(a, a, r);
    }

    /**
     * Deals with NaN operands of an operation with two operands.
     *
     * @param a the first operand
     * @param b the second operand
     * @param r receives the quiet NaN
     * @return whether there was one
     */
    public boolean nan(Real a, Real b, Real r) {
        if (!a.isNan() && !b.isNan()) {
            return false;
        }
        if (a.kind >= Real.SIGNALING || b.kind >= Real.SIGNALING) {
            context.raise(FloatContext.IE);
        }
        if (a.kind == Real.UNSUPPORTED || b.kind == Real.UNSUPPORTED || context.nanRule == NanRule.DEFAULT) {
            r.setDefaultNan();
        } else {
            quiet(context.nanRule == NanRule.FIRST_OPERAND ? a.isNan() ? a : b : larger(a, b), r);
        }
        return true;
    }

    private static void quiet(Real a, Real r) {
        r.copyFrom(a);
        r.kind = Real.QUIET;
        r.significand |= Real.QUIET_BIT;
        r.low = 0;
    }

    private static Real larger(Real a, Real b) {
        if (!a.isNan() || !b.isNan()) {
            return a.isNan() ? a : b;
        }
        if (a.kind != b.kind) {
            return a.kind == Real.QUIET ? a : b;
        }
        int order = Long.compareUnsigned(a.significand, b.significand);
        if (order != 0) {
            return order > 0 ? a : b;
        }
        return a.negative ? b : a;
    }

    /** Raises the denormal flag where an operand was a denormal. */
    public void denormal(Real a, Real b) {
        if (a.denormal || b.denormal) {
            context.raise(FloatContext.DE);
        }
    }

    /**
     * Adds or subtracts.
     *
     * @param a the first operand
     * @param b the second operand
     * @param subtract a - b rather than a + b
     * @param r the result, not rounded
     */
    public void add(Real a, Real b, boolean subtract, Real r) {
        if (!nan(a, b, r)) {
            addNumbers(a, b, b.negative ^ subtract, r);
        }
    }

    private void addNumbers(Real a, Real b, boolean sign, Real r) {
        if (a.kind == Real.INFINITE || b.kind == Real.INFINITE) {
            addInfinite(a, b, sign, r);
            return;
        }
        denormal(a, b);
        if (b.kind == Real.ZERO) {
            boolean zeroSign = a.negative == sign ? sign : context.zeroSumSign();
            boolean zero = a.kind == Real.ZERO;
            r.copyFrom(a);
            r.negative = zero ? zeroSign : a.negative;
        } else if (a.kind == Real.ZERO) {
            r.copyFrom(b);
            r.negative = sign;
        } else {
            addFinite(a, b, sign, r);
        }
    }

    private void addInfinite(Real a, Real b, boolean sign, Real r) {
        if (a.kind == b.kind && a.negative != sign) {
            invalid(r);
            return;
        }
        denormal(a, b);
        r.setInfinite(a.kind == Real.INFINITE ? a.negative : sign);
    }

    /** Adds finite numbers, {@code sign} being b's sign as used. */
    private void addFinite(Real a, Real b, boolean sign, Real r) {
        boolean same = a.negative == sign;
        int order = Real.compareMagnitude(a, b);
        if (order == 0 && !same) {
            r.setZero(context.zeroSumSign());
            return;
        }
        Real big = order >= 0 ? a : b;
        Real small = order >= 0 ? b : a;
        boolean negative = order >= 0 ? a.negative : sign;
        int shift = big.exponent - small.exponent;
        long high = Wide.shiftHigh(small.significand, shift);
        long low = Wide.shiftLow(small.significand, small.low, shift);
        if (same) {
            sum(negative, big, high, low, r);
        } else {
            long rest = big.low - low;
            long borrow = Long.compareUnsigned(big.low, low) < 0 ? 1 : 0;
            r.setFinite(negative, big.exponent, big.significand - high - borrow, rest);
        }
    }

    private static void sum(boolean negative, Real big, long high, long low, Real r) {
        long l = big.low + low;
        long carry = Long.compareUnsigned(l, low) < 0 ? 1 : 0;
        long h = big.significand + high + carry;
        if ((big.significand & high | (big.significand | high) & ~h) < 0) {
            r.setFinite(negative, big.exponent + 1, h >>> 1 | Long.MIN_VALUE, h << 63 | l >>> 1 | l & 1);
        } else {
            r.setFinite(negative, big.exponent, h, l);
        }
    }

    /**
     * Multiplies.
     *
     * @param a the first operand
     * @param b the second operand
     * @param r the result, not rounded
     */
    public void multiply(Real a, Real b, Real r) {
        if (!nan(a, b, r)) {
            if (isZeroTimesInfinity(a, b)) {
                invalid(r);
                return;
            }
            denormal(a, b);
            multiplyNumbers(a, b, r);
        }
    }

    private static boolean isZeroTimesInfinity(Real a, Real b) {
        return a.kind == Real.ZERO && b.kind == Real.INFINITE || a.kind == Real.INFINITE && b.kind == Real.ZERO;
    }

    private static void multiplyNumbers(Real a, Real b, Real r) {
        boolean negative = a.negative ^ b.negative;
        if (a.kind == Real.INFINITE || b.kind == Real.INFINITE) {
            r.setInfinite(negative);
        } else if (a.kind == Real.ZERO || b.kind == Real.ZERO) {
            r.setZero(negative);
        } else {
            long high = Math.unsignedMultiplyHigh(a.significand, b.significand);
            r.setFinite(negative, a.exponent + b.exponent + 1, high, a.significand * b.significand);
        }
    }

    /**
     * Computes {@code a * b + c} with one rounding to come. Products of F80 numbers would need more bits than there are.
     *
     * @param a a factor, at most 53 significant bits
     * @param b a factor, at most 53 significant bits
     * @param c the addend
     * @param negateProduct use -(a * b)
     * @param negateAddend use -c
     * @param r the result, not rounded; not one of the operands
     */
    public void multiplyAdd(Real a, Real b, Real c, boolean negateProduct, boolean negateAddend, Real r) {
        if (a.isNan() || b.isNan() || c.isNan()) {
            if (c.kind >= Real.SIGNALING) {
                context.raise(FloatContext.IE);
            }
            if (!nan(a, b, r)) {
                nan(c, c, r);
            }
            return;
        }
        if (isZeroTimesInfinity(a, b)) {
            invalid(r);
            return;
        }
        multiplyNumbers(a, b, product);
        product.negative ^= negateProduct;
        addend.copyFrom(c);
        addend.denormal = false;
        boolean sign = c.negative ^ negateAddend;
        if (product.kind != Real.INFINITE || c.kind != Real.INFINITE || product.negative == sign) {
            denormal(a, b);
            denormal(c, c);
        }
        addNumbers(product, addend, sign, r);
    }

    /**
     * Divides.
     *
     * @param a the dividend
     * @param b the divisor
     * @param r the result, not rounded
     */
    public void divide(Real a, Real b, Real r) {
        if (nan(a, b, r)) {
            return;
        }
        boolean negative = a.negative ^ b.negative;
        if (a.kind == b.kind && a.kind != Real.FINITE) {
            invalid(r);
            return;
        }
        if (b.kind == Real.ZERO && a.kind == Real.FINITE) {
            context.raise(FloatContext.ZE);
            r.setInfinite(negative);
            return;
        }
        denormal(a, b);
        divideNumbers(a, b, negative, r);
    }

    private static void divideNumbers(Real a, Real b, boolean negative, Real r) {
        if (a.kind == Real.INFINITE || b.kind == Real.ZERO) {
            r.setInfinite(negative);
        } else if (a.kind == Real.ZERO || b.kind == Real.INFINITE) {
            r.setZero(negative);
        } else {
            divideFinite(a, b, negative, r);
        }
    }

    private static void divideFinite(Real a, Real b, boolean negative, Real r) {
        boolean less = Long.compareUnsigned(a.significand, b.significand) < 0;
        long high = less ? a.significand : a.significand >>> 1;
        long low = less ? 0 : a.significand << 63;
        long divisor = b.significand;
        int exponent = a.exponent - b.exponent - (less ? 1 : 0);
        long quotient = Wide.divide(high, low, divisor);
        long rest = low - quotient * divisor;
        r.setFinite(negative, exponent, quotient, halfBits(rest, divisor));
    }

    /** What follows a truncated quotient: whether the rest is below, equal to or above half of the unit. */
    private static long halfBits(long rest, long unit) {
        if (rest == 0) {
            return 0;
        }
        int order = Long.compareUnsigned(rest, unit - rest);
        if (order == 0) {
            return Long.MIN_VALUE;
        }
        return order > 0 ? Long.MIN_VALUE | 1 : 1;
    }

    /**
     * Takes the square root.
     *
     * @param a the operand
     * @param r the result, not rounded
     */
    public void squareRoot(Real a, Real r) {
        if (nan(a, r)) {
            return;
        }
        if (a.negative && a.kind != Real.ZERO) {
            invalid(r);
            return;
        }
        denormal(a, a);
        if (a.kind != Real.FINITE) {
            r.copyFrom(a);
            return;
        }
        boolean odd = (a.exponent & 1) != 0;
        long high = odd ? a.significand : a.significand >>> 1;
        long low = odd ? 0 : a.significand << 63;
        int exponent = a.exponent >> 1;
        long root = Wide.squareRoot(high, low);
        long rest = low - root * root;
        boolean wide = high - Math.unsignedMultiplyHigh(root, root) - borrow(low, root * root) != 0;
        long below = rest == 0 && !wide ? 0 : 1;
        // (root + 1/2)^2 = root^2 + root + 1/4: never a tie.
        boolean above = wide || Long.compareUnsigned(rest, root) > 0;
        r.setFinite(false, exponent, root, above ? Long.MIN_VALUE | below : below);
    }

    private static long borrow(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? 1 : 0;
    }

    /**
     * Compares.
     *
     * @param a the first operand
     * @param b the second operand
     * @param quiet quiet NaNs raise no invalid operation
     * @return -1, 0, 1, or {@link SoftFloat#UNORDERED}
     */
    public int compare(Real a, Real b, boolean quiet) {
        if (a.isNan() || b.isNan()) {
            if (!quiet || a.kind >= Real.SIGNALING || b.kind >= Real.SIGNALING) {
                context.raise(FloatContext.IE);
            }
            return SoftFloat.UNORDERED;
        }
        denormal(a, b);
        return order(a, b);
    }

    private static int order(Real a, Real b) {
        int left = rank(a);
        int right = rank(b);
        if (left != right) {
            return Integer.compare(left, right);
        }
        if (a.kind != Real.FINITE) {
            return 0;
        }
        int magnitude = Real.compareMagnitude(a, b);
        return a.negative ? -magnitude : magnitude;
    }

    /** Order of the classes: -infinity, negative, zero, positive, infinity. */
    private static int rank(Real a) {
        return a.negative ? -a.kind : a.kind;
    }

    /**
     * Rounds to an integral value.
     *
     * @param a the operand
     * @param mode rounding mode
     * @param exact whether an inexact result raises its flag
     * @param r the result, exact
     */
    public void integral(Real a, int mode, boolean exact, Real r) {
        if (nan(a, r)) {
            return;
        }
        denormal(a, a);
        context.roundedUp = false;
        if (a.kind != Real.FINITE || a.exponent >= 63) {
            r.copyFrom(a);
            return;
        }
        int shift = 63 - a.exponent;
        long whole = Wide.shiftHigh(a.significand, shift);
        long rest = Wide.shiftLow(a.significand, a.low, shift);
        boolean up = Rounding.increments(mode, a.negative, (whole & 1) != 0, rest);
        if (rest != 0 && exact) {
            context.raise(FloatContext.PE);
        }
        context.roundedUp = up;
        r.setFinite(a.negative, 63, up ? whole + 1 : whole, 0);
    }

    /**
     * Converts to a signed integer; what doesn't fit is invalid.
     *
     * @param a the operand
     * @param mode rounding mode
     * @param bits 16, 32 or 64
     * @return the value, or the smallest integer of that size
     */
    public long integer(Real a, int mode, int bits) {
        long least = -1L << bits - 1;
        context.roundedUp = false;
        if (a.kind == Real.ZERO) {
            return 0;
        }
        if (a.kind != Real.FINITE || a.exponent > 63) {
            context.raise(FloatContext.IE);
            return least;
        }
        int shift = 63 - a.exponent;
        long whole = Wide.shiftHigh(a.significand, shift);
        long rest = Wide.shiftLow(a.significand, a.low, shift);
        boolean up = Rounding.increments(mode, a.negative, (whole & 1) != 0, rest);
        long magnitude = up ? whole + 1 : whole;
        if (!fits(a.negative, whole, magnitude, -least)) {
            context.raise(FloatContext.IE);
            return least;
        }
        context.raise(rest != 0 ? FloatContext.PE : 0);
        context.roundedUp = up;
        return a.negative ? -magnitude : magnitude;
    }

    /** {@code bound} is 2^(bits - 1), negative where that is 2^63. */
    private static boolean fits(boolean negative, long whole, long magnitude, long bound) {
        if (whole != 0 && magnitude == 0) {
            return false;
        }
        int order = Long.compareUnsigned(magnitude, bound);
        return negative ? order <= 0 : order < 0;
    }
}
