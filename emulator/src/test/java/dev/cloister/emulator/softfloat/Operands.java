package dev.cloister.emulator.softfloat;

import java.util.Random;

/** Random operands where trouble is: special values, neighbours of powers of two, denormals, NaNs, close pairs. */
public final class Operands {
    private final Random random;

    public Operands(long seed) {
        random = new Random(seed);
    }

    public Random random() {
        return random;
    }

    /** A number of a format, not F80. */
    public long next(FloatFormat f) {
        long sign = random.nextBoolean() ? 1L << f.signShift() : 0;
        long fractionMask = (1L << f.fractionBits) - 1;
        long fraction = fraction(f.fractionBits) & fractionMask;
        return sign | (long) exponent(f) << f.fractionBits | fraction;
    }

    private int exponent(FloatFormat f) {
        return switch (random.nextInt(10)) {
            case 0 -> 0;
            case 1 -> f.special;
            case 2 -> random.nextInt(3);
            case 3 -> f.special - 1 - random.nextInt(3);
            case 4 -> random.nextInt(f.special + 1);
            case 5 -> Math.min(f.special, f.bias + random.nextInt(2 * f.precision) - f.precision / 2);
            case 6 -> Math.max(0, f.bias / 2 + random.nextInt(8) - 4);
            default -> f.bias + random.nextInt(7) - 3;
        };
    }

    private long fraction(int bits) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1L;
            case 2 -> 1L << random.nextInt(bits);
            case 3 -> -1L << random.nextInt(bits);
            case 4 -> random.nextInt(4);
            default -> random.nextLong();
        };
    }

    /** A significand of the 80-bit format: usually normalised. */
    public long significand80() {
        long fraction = fraction(63);
        return random.nextInt(24) == 0 ? fraction : fraction | Long.MIN_VALUE;
    }

    /** Sign and exponent of the 80-bit format. */
    public int signExponent80() {
        return exponent(FloatFormat.F80) | (random.nextBoolean() ? 0x8000 : 0);
    }

    /** An integer, small ones and those near powers of two more often. */
    public long integer() {
        long value = random.nextLong() >> random.nextInt(64);
        return random.nextInt(4) == 0 ? (1L << random.nextInt(64)) + random.nextInt(5) - 2 : value;
    }
}
