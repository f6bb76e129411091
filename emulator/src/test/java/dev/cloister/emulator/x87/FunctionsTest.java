package dev.cloister.emulator.x87;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.softfloat.Real;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The functions before rounding against slow series in decimal arithmetic: what is not correctly rounded can be told by this error. */
class FunctionsTest {
    private static final long SEED = Long.getLong("x87.seed", 4);
    private static final int CASES = 300;
    private static final MathContext EXACT = new MathContext(80);
    /** Relative error of the unrounded results. */
    private static final BigDecimal BOUND = BigDecimal.ONE.divide(new BigDecimal(BigInteger.ONE.shiftLeft(115)), EXACT);

    private static final BigDecimal LN2 =
            artanh(BigDecimal.ONE.divide(BigDecimal.valueOf(3), EXACT)).multiply(BigDecimal.TWO);
    /** Half of the processor's pi of 66 bits. */
    private static final BigDecimal HALF_PI =
            new BigDecimal(new BigInteger("3243F6A8885A308D3", 16)).divide(power(65), EXACT);

    private final Random random = new Random(SEED);
    private final Functions functions = new Functions();
    private final Real a = new Real();
    private final Real b = new Real();
    private final Real r = new Real();

    private static BigDecimal power(int exponent) {
        return new BigDecimal(BigInteger.ONE.shiftLeft(exponent));
    }

    private static BigDecimal value(Real x) {
        BigInteger bits = new BigInteger(Long.toUnsignedString(x.significand))
                .shiftLeft(64)
                .add(new BigInteger(Long.toUnsignedString(x.low)));
        int scale = x.exponent - 127;
        BigDecimal magnitude = new BigDecimal(bits);
        magnitude = scale >= 0 ? magnitude.multiply(power(scale)) : magnitude.divide(power(-scale), EXACT);
        return x.negative ? magnitude.negate() : magnitude;
    }

    private Real any(int least, int most) {
        Real x = new Real();
        x.setFinite(random.nextBoolean(), least + random.nextInt(most - least + 1), random.nextLong() | 1L << 63, 0);
        return x;
    }

    private static void near(String what, Real was, BigDecimal expected) {
        BigDecimal error = value(was).subtract(expected).abs();
        assertThat(error)
                .as("%s, seed %d: %s expected %s", what, SEED, value(was), expected)
                .isLessThan(expected.abs().multiply(BOUND));
    }

    private static BigDecimal series(
            BigDecimal first, java.util.function.BiFunction<BigDecimal, Integer, BigDecimal> next) {
        BigDecimal sum = BigDecimal.ZERO;
        BigDecimal term = first;
        BigDecimal least = first.abs().multiply(new BigDecimal("1e-60"));
        for (int n = 1; term.abs().compareTo(least) > 0; n++) {
            sum = sum.add(term);
            term = next.apply(term, n).round(EXACT);
        }
        return sum;
    }

    private static BigDecimal artanh(BigDecimal z) {
        BigDecimal square = z.multiply(z).round(EXACT);
        return series(
                z,
                (t, n) -> t.multiply(square)
                        .multiply(BigDecimal.valueOf(2L * n - 1))
                        .divide(BigDecimal.valueOf(2L * n + 1), EXACT));
    }

    private static BigDecimal sine(BigDecimal z) {
        BigDecimal square = z.multiply(z).negate().round(EXACT);
        return series(z, (t, n) -> t.multiply(square).divide(BigDecimal.valueOf(2L * n * (2L * n + 1)), EXACT));
    }

    private static BigDecimal cosine(BigDecimal z) {
        BigDecimal square = z.multiply(z).negate().round(EXACT);
        return series(
                BigDecimal.ONE, (t, n) -> t.multiply(square).divide(BigDecimal.valueOf(2L * n * (2L * n - 1)), EXACT));
    }

    @Test
    void powersAndLogarithms() {
        for (int n = 0; n < CASES; n++) {
            Real x = any(-70, -1);
            functions.powerOfTwoMinusOne(x, r);
            BigDecimal t = value(x).multiply(LN2).round(EXACT);
            near("2^x-1", r, series(t, (term, k) -> term.multiply(t).divide(BigDecimal.valueOf(k + 1L), EXACT)));
            Real y = any(-3, 3);
            y.negative = false;
            functions.logarithm(y, r);
            BigDecimal v = value(y);
            BigDecimal half = v.subtract(BigDecimal.ONE).divide(v.add(BigDecimal.ONE), EXACT);
            near("log2 " + v, r, artanh(half).multiply(BigDecimal.TWO).divide(LN2, EXACT));
            Real z = any(-70, -2);
            functions.logarithmOfOnePlus(z, r);
            BigDecimal w = value(z);
            near(
                    "log2(1+" + w,
                    r,
                    artanh(w.divide(w.add(BigDecimal.TWO), EXACT))
                            .multiply(BigDecimal.TWO)
                            .divide(LN2, EXACT));
        }
    }

    @Test
    void sinesOfReducedArguments() {
        for (int n = 0; n < CASES; n++) {
            Real x = any(-60, 62);
            BigDecimal v = value(x);
            BigInteger turns =
                    v.divide(HALF_PI, 0, java.math.RoundingMode.HALF_EVEN).toBigInteger();
            BigDecimal rest = v.subtract(HALF_PI.multiply(new BigDecimal(turns)));
            int quadrant = turns.and(BigInteger.valueOf(3)).intValue();
            functions.reduce(x);
            functions.sineOfReduced(false, a);
            functions.sineOfReduced(true, b);
            BigDecimal sine = (quadrant & 1) == 0 ? sine(rest) : cosine(rest);
            BigDecimal cosine = (quadrant & 1) == 0 ? cosine(rest) : sine(rest);
            near("sin " + v, a, quadrant >= 2 ? sine.negate() : sine);
            near("cos " + v, b, quadrant == 1 || quadrant == 2 ? cosine.negate() : cosine);
            if (x.exponent > -30) {
                functions.tangentOfReduced(r);
                BigDecimal tangent = sine.divide(cosine, EXACT);
                near("tan " + v, r, (quadrant & 1) == 0 ? tangent : tangent.negate());
            }
        }
    }

    /** The tangent of the angle is y / x: with the series for small angles that holds by itself. */
    @Test
    void angles() {
        for (int n = 0; n < CASES; n++) {
            Real x = any(-8, 8);
            Real y = any(-30, 8);
            x.negative = false;
            functions.angle(y, x, r);
            BigDecimal angle = value(r);
            BigDecimal quotient = value(y).divide(value(x), EXACT);
            BigDecimal tangent = sine(angle).divide(cosine(angle), EXACT);
            // The error of the angle grows by 1 + quotient^2 where it is seen through the tangent.
            BigDecimal error = tangent.subtract(quotient)
                    .divide(BigDecimal.ONE.add(quotient.multiply(quotient)), EXACT)
                    .abs();
            assertThat(error)
                    .as("atan2(%s, %s) seed %d", value(y), value(x), SEED)
                    .isLessThan(angle.abs().multiply(BOUND));
        }
    }
}
