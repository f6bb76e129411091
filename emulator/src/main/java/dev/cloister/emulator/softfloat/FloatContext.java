package dev.cloister.emulator.softfloat;

/**
 * Control and status of a floating-point unit. Flags and masks have the same places in MXCSR and in the x87 words. One per
 * processor; one thread at a time.
 */
public final class FloatContext {
    /** Invalid operation. */
    public static final int IE = 1;
    /** Denormal operand. */
    public static final int DE = 2;
    /** Division by zero. */
    public static final int ZE = 4;
    /** Overflow. */
    public static final int OE = 8;
    /** Underflow. */
    public static final int UE = 16;
    /** Inexact result. */
    public static final int PE = 32;
    /** All six flags. */
    public static final int ALL = 63;
    /** Exceptions that are found before anything is computed. */
    public static final int BEFORE = IE | DE | ZE;

    /** Round to nearest, ties to even. */
    public static final int NEAREST = 0;
    /** Round toward minus infinity. */
    public static final int DOWN = 1;
    /** Round toward plus infinity. */
    public static final int UP = 2;
    /** Round toward zero. */
    public static final int ZERO = 3;

    /** Exceptions since {@link #clear()}. */
    int flags;
    /** A set bit masks the exception. */
    int masks = ALL;

    int rounding = NEAREST;
    boolean denormalsAreZero;
    boolean flushToZero;
    /** Bits of F80 results: 64, 53 or 24. */
    int precision = 64;
    /** Exponents of results wrap around when overflow or underflow is unmasked. */
    boolean wraps;

    NanRule nanRule = NanRule.FIRST_OPERAND;
    /** Whether the last rounding went away from zero (C1 of the x87). */
    boolean roundedUp;

    /** Makes a context with everything masked, nearest rounding. */
    public FloatContext() {
        useMxcsr(0x1F80);
    }

    /**
     * Takes rounding, masks, DAZ and FTZ from MXCSR, and SSE's NaN rule; clears the flags.
     *
     * @param mxcsr the register
     */
    public void useMxcsr(int mxcsr) {
        flags = 0;
        masks = mxcsr >> 7 & ALL;
        rounding = mxcsr >> 13 & 3;
        denormalsAreZero = (mxcsr & 0x40) != 0;
        flushToZero = (mxcsr & 0x8000) != 0;
        precision = 64;
        wraps = false;
        nanRule = NanRule.FIRST_OPERAND;
        roundedUp = false;
    }

    /**
     * Takes rounding, precision and masks from the x87 control word, and the x87's NaN rule; clears the flags.
     *
     * @param control the register
     */
    public void useControlWord(int control) {
        flags = 0;
        masks = control & ALL;
        rounding = control >> 10 & 3;
        denormalsAreZero = false;
        flushToZero = false;
        int field = control >> 8 & 3;
        precision = field == 0 ? 24 : field == 2 ? 53 : 64;
        wraps = true;
        nanRule = NanRule.LARGER_SIGNIFICAND;
        roundedUp = false;
    }

    /**
     * Chooses the rounding mode until the next control word.
     *
     * @param mode {@link #NEAREST} to {@link #ZERO}
     */
    public void setRounding(int mode) {
        rounding = mode;
    }

    /**
     * The rounding mode.
     *
     * @return {@link #NEAREST} to {@link #ZERO}
     */
    public int rounding() {
        return rounding;
    }

    /**
     * Bits of F80 results.
     *
     * @return 24, 53 or 64
     */
    public int precision() {
        return precision;
    }

    /** Forgets the flags. */
    public void clear() {
        flags = 0;
        roundedUp = false;
    }

    /**
     * Adds flags.
     *
     * @param which bits of {@link #ALL}
     */
    public void raise(int which) {
        flags |= which;
    }

    /**
     * Takes flags back.
     *
     * @param which bits of {@link #ALL}
     */
    public void withdraw(int which) {
        flags &= ~which;
    }

    /**
     * The flags of all operations since the last {@link #clear()}. An unmasked exception that is found before computing
     * hides those found after it, because the processor never gets there (Intel SDM vol. 1, 4.9.2).
     *
     * @return bits of {@link #ALL}
     */
    public int flags() {
        return stopped() ? flags & BEFORE : flags;
    }

    /**
     * Those of {@link #flags()} that are not masked: the operation faults.
     *
     * @return bits of {@link #ALL}
     */
    public int unmasked() {
        return flags() & ~masks;
    }

    /**
     * Whether an unmasked exception was found before computing.
     *
     * @return true where the result must not be used
     */
    public boolean stopped() {
        return (flags & ~masks & BEFORE) != 0;
    }

    /**
     * Whether an exception is masked.
     *
     * @param which one bit of {@link #ALL}
     * @return true where its bit is set in the control word
     */
    public boolean isMasked(int which) {
        return (masks & which) != 0;
    }

    /**
     * Whether the last rounding went away from zero.
     *
     * @return what C1 of the x87 reports
     */
    public boolean roundedUp() {
        return roundedUp;
    }

    /** The sign of an exact zero sum of numbers with different signs. */
    boolean zeroSumSign() {
        return rounding == DOWN;
    }
}
