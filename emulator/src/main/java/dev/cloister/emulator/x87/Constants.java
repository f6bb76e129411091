package dev.cloister.emulator.x87;

import dev.cloister.emulator.softfloat.Real;
import java.math.BigInteger;

/** Numbers of 128 bits, computed once with integers of {@link #BITS} bits behind the point. None may be changed. */
final class Constants {
    private static final int BITS = 256;
    private static final BigInteger ONE_SCALED = BigInteger.ONE.shiftLeft(BITS);

    static final Real ONE = real(ONE_SCALED);
    static final Real TWO = real(ONE_SCALED.shiftLeft(1));
    private static final BigInteger PI_SCALED = pi();
    static final Real PI = real(PI_SCALED);
    static final Real HALF_PI = real(PI_SCALED.shiftRight(1));
    private static final BigInteger LN2_SCALED =
            inverseTangent(BigInteger.ONE, BigInteger.valueOf(3), 1).shiftLeft(1);
    static final Real LN2 = real(LN2_SCALED);
    /** 2 / ln 2. */
    static final Real TWO_OVER_LN2 = real(ONE_SCALED.shiftLeft(BITS + 1).divide(LN2_SCALED));
    /** (-1)^n / (2n + 1)!. */
    static final Real[] SINE = factorials(1, 2, 16, true);
    /** (-1)^n / (2n)!. */
    static final Real[] COSINE = factorials(0, 2, 16, true);
    /** 1 / (n + 1)!. */
    static final Real[] EXPONENTIAL = factorials(1, 1, 20, false);
    /** 1 / (2n + 1). */
    static final Real[] AREA_TANGENT = odd(26, false);
    /** (-1)^n / (2n + 1), enough for arguments up to 1/32. */
    static final Real[] ARC_TANGENT = odd(14, true);
    /** atan(n / 16). */
    static final Real[] ARC_TANGENTS = arcTangents();

    private Constants() {}

    /** A number from its value times 2^{@link #BITS}. */
    private static Real real(BigInteger scaled) {
        Real result = new Real();
        BigInteger magnitude = scaled.abs();
        int length = magnitude.bitLength();
        BigInteger top = magnitude.shiftLeft(128).shiftRight(length);
        result.setFinite(
                scaled.signum() < 0, length - 1 - BITS, top.shiftRight(64).longValue(), top.longValue());
        return result;
    }

    /** Machin's formula. */
    private static BigInteger pi() {
        BigInteger fifth = inverseTangent(BigInteger.ONE, BigInteger.valueOf(5), -1);
        BigInteger other = inverseTangent(BigInteger.ONE, BigInteger.valueOf(239), -1);
        return fifth.shiftLeft(4).subtract(other.shiftLeft(2));
    }

    /** atan(p / q) for sign -1, artanh(p / q) for sign 1, by the series. */
    private static BigInteger inverseTangent(BigInteger p, BigInteger q, int sign) {
        BigInteger power = ONE_SCALED.multiply(p).divide(q);
        BigInteger sum = BigInteger.ZERO;
        BigInteger pp = p.multiply(p);
        BigInteger qq = q.multiply(q);
        for (int n = 1; power.signum() != 0; n += 2) {
            BigInteger term = power.divide(BigInteger.valueOf(n));
            sum = sign < 0 && (n & 2) != 0 ? sum.subtract(term) : sum.add(term);
            power = power.multiply(pp).divide(qq);
        }
        return sum;
    }

    private static Real[] factorials(int first, int step, int count, boolean alternate) {
        Real[] result = new Real[count];
        BigInteger factorial = BigInteger.ONE;
        int reached = 0;
        for (int n = 0; n < count; n++) {
            while (reached < first + n * step) {
                reached++;
                factorial = factorial.multiply(BigInteger.valueOf(reached));
            }
            BigInteger value = ONE_SCALED.divide(factorial);
            result[n] = real(alternate && (n & 1) != 0 ? value.negate() : value);
        }
        return result;
    }

    private static Real[] odd(int count, boolean alternate) {
        Real[] result = new Real[count];
        for (int n = 0; n < count; n++) {
            BigInteger value = ONE_SCALED.divide(BigInteger.valueOf(2L * n + 1));
            result[n] = real(alternate && (n & 1) != 0 ? value.negate() : value);
        }
        return result;
    }

    private static Real[] arcTangents() {
        Real[] result = new Real[17];
        result[0] = new Real();
        for (int n = 1; n < 16; n++) {
            result[n] = real(inverseTangent(BigInteger.valueOf(n), BigInteger.valueOf(16), -1));
        }
        result[16] = real(PI_SCALED.shiftRight(2));
        return result;
    }
}
