package dev.cloister.emulator.softfloat;

/**
 * Arithmetic on the bits of F16, F32 and F64 numbers, as SSE and AVX do it lane by lane. Flags gather in the {@link
 * #context()} until it is cleared: an instruction begins with {@link FloatContext#useMxcsr}, computes its lanes, and ends
 * by adding {@link FloatContext#flags()} to MXCSR and, where {@link FloatContext#unmasked()} is not zero, faulting with
 * its destination unchanged. One per processor; one thread at a time; nothing is allocated.
 *
 * <p>F80 numbers have two parts and are handled through {@link #real}, {@link #math()} and {@link #rounding()}.
 */
public final class SoftFloat {
    /** {@link #compare}: an operand is a NaN. */
    public static final int UNORDERED = 2;

    private final FloatContext context = new FloatContext();
    private final RealMath math = new RealMath(context);
    private final Rounding rounding = new Rounding(context);
    private final Real a = new Real();
    private final Real b = new Real();
    private final Real c = new Real();
    private final Real r = new Real();

    /** Makes a unit with everything masked. */
    public SoftFloat() {
        // The parts are made where they are declared.
    }

    /**
     * Control and status.
     *
     * @return the live object
     */
    public FloatContext context() {
        return context;
    }

    /**
     * Arithmetic on numbers that are taken apart, on the same context.
     *
     * @return the live object
     */
    public RealMath math() {
        return math;
    }

    /**
     * Rounding of numbers that are taken apart, on the same context.
     *
     * @return the live object
     */
    public Rounding rounding() {
        return rounding;
    }

    /**
     * Takes a number apart.
     *
     * @param f F16, F32 or F64
     * @param bits the number
     * @param into receives it
     */
    public void real(FloatFormat f, long bits, Real into) {
        into.unpack(f, bits);
        if (into.denormal && context.denormalsAreZero && f != FloatFormat.F16) {
            into.setZero(into.negative);
        }
    }

    /**
     * Rounds a number and puts it together.
     *
     * @param f F16, F32 or F64
     * @param value the number; NaNs are quiet
     * @return its bits
     */
    public long bits(FloatFormat f, Real value) {
        rounding.round(value, f);
        return rounding.pack(f);
    }

    private void operands(FloatFormat f, long x, long y) {
        real(f, x, a);
        real(f, y, b);
    }

    /**
     * x + y.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return the rounded sum
     */
    public long add(FloatFormat f, long x, long y) {
        operands(f, x, y);
        math.add(a, b, false, r);
        return bits(f, r);
    }

    /**
     * x - y.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return the rounded difference
     */
    public long subtract(FloatFormat f, long x, long y) {
        operands(f, x, y);
        math.add(a, b, true, r);
        return bits(f, r);
    }

    /**
     * x * y.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return the rounded product
     */
    public long multiply(FloatFormat f, long x, long y) {
        operands(f, x, y);
        math.multiply(a, b, r);
        return bits(f, r);
    }

    /**
     * x / y.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return the rounded quotient
     */
    public long divide(FloatFormat f, long x, long y) {
        operands(f, x, y);
        math.divide(a, b, r);
        return bits(f, r);
    }

    /**
     * The square root.
     *
     * @param f F16, F32 or F64
     * @param x the operand
     * @return the rounded root
     */
    public long squareRoot(FloatFormat f, long x) {
        real(f, x, a);
        math.squareRoot(a, r);
        return bits(f, r);
    }

    /**
     * x * y + z with one rounding (FMA). NaNs are chosen in the order x, y, z, so that VFMADD132 passes its operands 1, 3,
     * 2, VFMADD213 its 2, 1, 3 and VFMADD231 its 2, 3, 1.
     *
     * @param f F16, F32 or F64
     * @param x a factor
     * @param y a factor
     * @param z the addend
     * @param negateProduct -(x * y) instead (FNMADD, FNMSUB); NaNs keep their sign
     * @param negateAddend -z instead (FMSUB, FNMSUB); NaNs keep their sign
     * @return the rounded result
     */
    public long multiplyAdd(FloatFormat f, long x, long y, long z, boolean negateProduct, boolean negateAddend) {
        operands(f, x, y);
        real(f, z, c);
        math.multiplyAdd(a, b, c, negateProduct, negateAddend, r);
        return bits(f, r);
    }

    /**
     * Compares (COMIS, UCOMIS, CMPPS).
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @param quiet quiet NaNs raise no invalid operation
     * @return -1, 0, 1, or {@link #UNORDERED}
     */
    public int compare(FloatFormat f, long x, long y, boolean quiet) {
        operands(f, x, y);
        return math.compare(a, b, quiet);
    }

    /**
     * The smaller, by MINPS's rule: y where either is a NaN (invalid) or both are zeros.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return one of them; with DAZ a denormal becomes a zero
     */
    public long minimum(FloatFormat f, long x, long y) {
        return compare(f, x, y, false) == -1 ? flushed(f, x, a) : flushed(f, y, b);
    }

    /**
     * The larger, by MAXPS's rule: y where either is a NaN (invalid) or both are zeros.
     *
     * @param f F16, F32 or F64
     * @param x the first operand
     * @param y the second operand
     * @return one of them; with DAZ a denormal becomes a zero
     */
    public long maximum(FloatFormat f, long x, long y) {
        return compare(f, x, y, false) == 1 ? flushed(f, x, a) : flushed(f, y, b);
    }

    private static long flushed(FloatFormat f, long bits, Real taken) {
        return taken.kind == Real.ZERO ? bits & 1L << f.signShift() : bits;
    }

    /**
     * Rounds to an integral value (ROUNDPS). Denormal operands raise no flag.
     *
     * @param f F16, F32 or F64
     * @param x the operand
     * @param mode {@link FloatContext#NEAREST} to {@link FloatContext#ZERO}
     * @param exact whether an inexact result raises its flag
     * @return the integral value
     */
    public long integral(FloatFormat f, long x, int mode, boolean exact) {
        real(f, x, a);
        a.denormal = false;
        math.integral(a, mode, exact, r);
        return bits(f, r);
    }

    /**
     * Converts to a signed integer (CVTSD2SI and kin); what doesn't fit and NaNs are invalid.
     *
     * @param f F16, F32 or F64
     * @param x the operand
     * @param truncate round toward zero instead of by the rounding mode
     * @param size bits of the integer: 16, 32 or 64
     * @return the value, sign-extended, or the smallest integer of that size
     */
    public long toInteger(FloatFormat f, long x, boolean truncate, int size) {
        real(f, x, a);
        return math.integer(a, truncate ? FloatContext.ZERO : context.rounding, size);
    }

    /**
     * Converts from a signed integer (CVTSI2SD and kin).
     *
     * @param f F16, F32 or F64
     * @param value the integer, sign-extended
     * @return the rounded number
     */
    public long fromInteger(FloatFormat f, long value) {
        r.setInteger(value);
        return bits(f, r);
    }

    /**
     * Converts between formats. F16 sources know neither DAZ nor the denormal flag, and F16 results are never flushed
     * to zero (VCVTPH2PS, VCVTPS2PH).
     *
     * @param from F16, F32 or F64
     * @param to F16, F32 or F64
     * @param x the operand
     * @return the rounded number
     */
    public long convert(FloatFormat from, FloatFormat to, long x) {
        real(from, x, a);
        if (!math.nan(a, a)) {
            a.denormal &= from != FloatFormat.F16;
            math.denormal(a, a);
            // A denormal is too small for F16 by far; the processor says so even where underflow is unmasked.
            context.raise(to == FloatFormat.F16 && a.denormal ? FloatContext.UE | FloatContext.PE : 0);
        }
        boolean flush = context.flushToZero;
        context.flushToZero &= to != FloatFormat.F16;
        long result = bits(to, a);
        context.flushToZero = flush;
        return result;
    }
}
