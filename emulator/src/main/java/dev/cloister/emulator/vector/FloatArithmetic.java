package dev.cloister.emulator.vector;

import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.FloatFormat;
import dev.cloister.emulator.softfloat.SoftFloat;

/**
 * Arithmetic on F32 and F64 numbers under MXCSR. Rounding to nearest with ordinary numbers (normal or zero) and an ordinary result is
 * done by the host's arithmetic, which Java defines to the bit; whether the result is inexact then follows from a residual that is
 * itself exact, and is not asked where MXCSR.PE is set already and masked. All else goes to {@link SoftFloat}. One per processor; one
 * thread at a time; nothing is allocated.
 */
public final class FloatArithmetic {
    /** Products of numbers whose biased exponents are at least this have exact residuals. */
    private static final int DEEP = 110;

    private static final int SPECIAL64 = 0x7FF;
    private static final int SPECIAL32 = 0xFF;

    private final SoftFloat soft = new SoftFloat();
    private final FloatContext context = soft.context();
    private boolean nearest;
    private boolean inexactKnown;

    /** Makes a unit with everything masked. */
    public FloatArithmetic() {
        begin(0x1F80);
    }

    /** Takes rounding, masks, DAZ and FTZ from MXCSR and clears the flags. */
    void begin(int mxcsr) {
        context.useMxcsr(mxcsr);
        nearest = context.rounding() == FloatContext.NEAREST;
        inexactKnown = (mxcsr & FloatContext.PE) != 0 && context.isMasked(FloatContext.PE);
    }

    /** Control and the flags since {@link #begin}. */
    FloatContext context() {
        return context;
    }

    /** The arithmetic for all that is not ordinary. */
    SoftFloat soft() {
        return soft;
    }

    private static int exponent(double value) {
        return (int) (Double.doubleToRawLongBits(value) >>> 52) & SPECIAL64;
    }

    private static int exponent(float value) {
        return Float.floatToRawIntBits(value) >>> 23 & SPECIAL32;
    }

    private static boolean isOrdinary(double value) {
        int exponent = exponent(value);
        return exponent != SPECIAL64 && (exponent != 0 || value == 0);
    }

    private static boolean isOrdinary(float value) {
        int exponent = exponent(value);
        return exponent != SPECIAL32 && (exponent != 0 || value == 0);
    }

    /** Neither overflowed nor near underflow; also after rounding from below the smallest normal number. */
    private static boolean isSafe(double result) {
        int exponent = exponent(result);
        return exponent > 1 && exponent < SPECIAL64;
    }

    private static boolean isSafe(float result) {
        int exponent = exponent(result);
        return exponent > 1 && exponent < SPECIAL32;
    }

    private void inexact(boolean isInexact) {
        if (isInexact) {
            context.raise(FloatContext.PE);
        }
    }

    private static long bits(float value) {
        return Float.floatToRawIntBits(value) & 0xFFFFFFFFL;
    }

    /** x + y. Sums don't underflow without being exact: a zero is exact, and a denormal is left to the other path for FTZ. */
    long add(FloatFormat f, long x, long y) {
        if (!nearest) {
            return soft.add(f, x, y);
        }
        return f == FloatFormat.F64 ? add64(x, y) : add32(x, y);
    }

    private long add64(long x, long y) {
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        double r = a + b;
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(r)) {
            inexact(inexactKnown || sumError(a, b, r) != 0);
            return Double.doubleToRawLongBits(r);
        }
        return soft.add(FloatFormat.F64, x, y);
    }

    private long add32(long x, long y) {
        float a = Float.intBitsToFloat((int) x);
        float b = Float.intBitsToFloat((int) y);
        float r = a + b;
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(r)) {
            inexact(inexactKnown || sumError(a, b, r) != 0);
            return bits(r);
        }
        return soft.add(FloatFormat.F32, x, y);
    }

    /** What rounding lost, exactly (Knuth's two-sum). */
    private static double sumError(double a, double b, double r) {
        double part = r - a;
        return a - (r - part) + (b - part);
    }

    private static float sumError(float a, float b, float r) {
        float part = r - a;
        return a - (r - part) + (b - part);
    }

    /** x - y. A NaN keeps its sign, so that it isn't a sum. */
    long subtract(FloatFormat f, long x, long y) {
        if (!nearest) {
            return soft.subtract(f, x, y);
        }
        return f == FloatFormat.F64 ? subtract64(x, y) : subtract32(x, y);
    }

    private long subtract64(long x, long y) {
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        double r = a - b;
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(r)) {
            inexact(inexactKnown || sumError(a, -b, r) != 0);
            return Double.doubleToRawLongBits(r);
        }
        return soft.subtract(FloatFormat.F64, x, y);
    }

    private long subtract32(long x, long y) {
        float a = Float.intBitsToFloat((int) x);
        float b = Float.intBitsToFloat((int) y);
        float r = a - b;
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(r)) {
            inexact(inexactKnown || sumError(a, -b, r) != 0);
            return bits(r);
        }
        return soft.subtract(FloatFormat.F32, x, y);
    }

    /** x * y. */
    long multiply(FloatFormat f, long x, long y) {
        if (!nearest) {
            return soft.multiply(f, x, y);
        }
        return f == FloatFormat.F64 ? multiply64(x, y) : multiply32(x, y);
    }

    private long multiply64(long x, long y) {
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        double r = a * b;
        if (isOrdinary(a) && isOrdinary(b) && exponent(r) > DEEP && isSafe(r)) {
            inexact(inexactKnown || Math.fma(a, b, -r) != 0);
            return Double.doubleToRawLongBits(r);
        }
        return soft.multiply(FloatFormat.F64, x, y);
    }

    private long multiply32(long x, long y) {
        float a = Float.intBitsToFloat((int) x);
        float b = Float.intBitsToFloat((int) y);
        float r = a * b;
        if (isOrdinary(a) && isOrdinary(b) && isSafe(r)) {
            inexact((double) a * b != r);
            return bits(r);
        }
        return soft.multiply(FloatFormat.F32, x, y);
    }

    /** x / y. */
    long divide(FloatFormat f, long x, long y) {
        if (!nearest) {
            return soft.divide(f, x, y);
        }
        return f == FloatFormat.F64 ? divide64(x, y) : divide32(x, y);
    }

    private long divide64(long x, long y) {
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        double r = a / b;
        if (isOrdinary(a) && isOrdinary(b) && exponent(a) > DEEP && isSafe(r)) {
            inexact(inexactKnown || Math.fma(-r, b, a) != 0);
            return Double.doubleToRawLongBits(r);
        }
        return soft.divide(FloatFormat.F64, x, y);
    }

    private long divide32(long x, long y) {
        float a = Float.intBitsToFloat((int) x);
        float b = Float.intBitsToFloat((int) y);
        float r = a / b;
        if (isOrdinary(a) && isOrdinary(b) && isSafe(r)) {
            inexact((double) r * b != a);
            return bits(r);
        }
        return soft.divide(FloatFormat.F32, x, y);
    }

    /** The square root of y; x is there to have the shape of the others. */
    long squareRoot(FloatFormat f, long x, long y) {
        if (!nearest) {
            return soft.squareRoot(f, y);
        }
        return f == FloatFormat.F64 ? squareRoot64(y) : squareRoot32(y);
    }

    private long squareRoot64(long y) {
        double a = Double.longBitsToDouble(y);
        double r = Math.sqrt(a);
        if (a > 0 && exponent(a) > DEEP && exponent(a) < SPECIAL64) {
            inexact(inexactKnown || Math.fma(-r, r, a) != 0);
            return Double.doubleToRawLongBits(r);
        }
        return soft.squareRoot(FloatFormat.F64, y);
    }

    private long squareRoot32(long y) {
        float a = Float.intBitsToFloat((int) y);
        // Rounding twice is harmless: the double has more than twice the bits, and two more.
        float r = (float) Math.sqrt(a);
        if (a > 0 && isOrdinary(a)) {
            inexact((double) r * r != a);
            return bits(r);
        }
        return soft.squareRoot(FloatFormat.F32, y);
    }

    /**
     * x * y + z with one rounding; {@link SoftFloat#multiplyAdd} has the details. There is no cheap exact residual: the host computes
     * only where inexactness needs no answer.
     */
    long multiplyAdd(FloatFormat f, long x, long y, long z, boolean negateProduct, boolean negateAddend) {
        if (nearest && inexactKnown) {
            return f == FloatFormat.F64
                    ? multiplyAdd64(x, y, z, negateProduct, negateAddend)
                    : multiplyAdd32(x, y, z, negateProduct, negateAddend);
        }
        return soft.multiplyAdd(f, x, y, z, negateProduct, negateAddend);
    }

    private long multiplyAdd64(long x, long y, long z, boolean negateProduct, boolean negateAddend) {
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        double c = Double.longBitsToDouble(z);
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(c)) {
            double r = Math.fma(negateProduct ? -a : a, b, negateAddend ? -c : c);
            if (isSafe(r)) {
                return Double.doubleToRawLongBits(r);
            }
        }
        return soft.multiplyAdd(FloatFormat.F64, x, y, z, negateProduct, negateAddend);
    }

    private long multiplyAdd32(long x, long y, long z, boolean negateProduct, boolean negateAddend) {
        float a = Float.intBitsToFloat((int) x);
        float b = Float.intBitsToFloat((int) y);
        float c = Float.intBitsToFloat((int) z);
        if (isOrdinary(a) && isOrdinary(b) && isOrdinary(c)) {
            float r = Math.fma(negateProduct ? -a : a, b, negateAddend ? -c : c);
            if (isSafe(r)) {
                return bits(r);
            }
        }
        return soft.multiplyAdd(FloatFormat.F32, x, y, z, negateProduct, negateAddend);
    }

    /** Compares: -1, 0, 1 or {@link SoftFloat#UNORDERED}. */
    int compare(FloatFormat f, long x, long y, boolean quiet) {
        double a = value(f, x);
        double b = value(f, y);
        if (isOrdinary(a) && isOrdinary(b)) {
            return a < b ? -1 : a > b ? 1 : 0;
        }
        return soft.compare(f, x, y, quiet);
    }

    /** An F32 that is normal or zero as a double; others as a denormal, which is not ordinary. */
    private static double widen(long bits) {
        float value = Float.intBitsToFloat((int) bits);
        return isOrdinary(value) ? value : Double.MIN_VALUE;
    }

    private static double value(FloatFormat f, long bits) {
        return f == FloatFormat.F64 ? Double.longBitsToDouble(bits) : widen(bits);
    }

    /** The smaller by MINPS's rule. */
    long minimum(FloatFormat f, long x, long y) {
        double a = value(f, x);
        double b = value(f, y);
        if (isOrdinary(a) && isOrdinary(b)) {
            return a < b ? x : y;
        }
        return soft.minimum(f, x, y);
    }

    /** The larger by MAXPS's rule. */
    long maximum(FloatFormat f, long x, long y) {
        double a = value(f, x);
        double b = value(f, y);
        if (isOrdinary(a) && isOrdinary(b)) {
            return a > b ? x : y;
        }
        return soft.maximum(f, x, y);
    }

    /** Rounds to an integral value in the given mode. */
    long integral(FloatFormat f, long x, int mode, boolean exact) {
        double a = value(f, x);
        if (!isOrdinary(a)) {
            return soft.integral(f, x, mode, exact);
        }
        double r = switch (mode) {
            case FloatContext.NEAREST -> Math.rint(a);
            case FloatContext.DOWN -> Math.floor(a);
            case FloatContext.UP -> Math.ceil(a);
            default -> a < 0 ? Math.ceil(a) : Math.floor(a);
        };
        inexact(exact && r != a);
        return f == FloatFormat.F64 ? Double.doubleToRawLongBits(r) : bits((float) r);
    }

    /** Converts from a signed integer. */
    long fromInteger(FloatFormat f, long value) {
        if (f == FloatFormat.F64 && (int) value == value) {
            return Double.doubleToRawLongBits((double) value);
        }
        return soft.fromInteger(f, value);
    }

    /** Converts to a signed integer of 32 or 64 bits. */
    long toInteger(FloatFormat f, long bits, boolean truncate, int size) {
        double value = value(f, bits);
        double integral = truncate ? (double) (long) value : Math.rint(value);
        boolean fits = size == 32 ? (int) integral == integral : Math.abs(integral) < 0x1p63;
        if (isOrdinary(value) && fits && (truncate || nearest)) {
            inexact(integral != value);
            return (long) integral;
        }
        return soft.toInteger(f, bits, truncate, size);
    }

    /** Converts between F32 and F64. */
    long convert(FloatFormat from, FloatFormat to, long bits) {
        double value = value(from, bits);
        if (from == FloatFormat.F32 && isOrdinary(value)) {
            return Double.doubleToRawLongBits(value);
        }
        float result = (float) value;
        if (nearest && from == FloatFormat.F64 && isOrdinary(value) && isSafe(result)) {
            inexact(result != value);
            return bits(result);
        }
        return soft.convert(from, to, bits);
    }
}
