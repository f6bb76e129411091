package dev.cloister.emulator.softfloat;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

/** Arithmetic against exact decimal arithmetic and against the host's own, without need of a C compiler. */
class ExactArithmeticTest {
    private static final long SEED = Long.getLong("softfloat.seed", 7);
    private static final int CASES = 20_000;
    private static final FloatFormat F = FloatFormat.F64;

    private final Operands operands = new Operands(SEED);
    private final SoftFloat unit = new SoftFloat();

    /** The neighbours of an exact value are found by rounding it both ways with the unit's directed modes. */
    private void bracket(String what, BigDecimal exact, java.util.function.LongSupplier operation) {
        double[] result = new double[4];
        int flags = 0;
        for (int mode = 0; mode < 4; mode++) {
            unit.context().useMxcsr(0x1F80 | mode << 13);
            result[mode] = Double.longBitsToDouble(operation.getAsLong());
            flags = unit.context().flags();
        }
        if (Double.isInfinite(result[FloatContext.UP]) || Double.isInfinite(result[FloatContext.DOWN])) {
            return;
        }
        BigDecimal down = new BigDecimal(result[FloatContext.DOWN]);
        BigDecimal up = new BigDecimal(result[FloatContext.UP]);
        String text = what + " seed " + SEED;
        assertThat(down).as(text).isLessThanOrEqualTo(exact);
        assertThat(up).as(text).isGreaterThanOrEqualTo(exact);
        boolean inexact = down.compareTo(up) != 0;
        assertThat((flags & FloatContext.PE) != 0).as(text).isEqualTo(inexact);
        if (inexact) {
            assertThat(Math.nextUp(result[FloatContext.DOWN])).as(text).isEqualTo(result[FloatContext.UP]);
            int nearer = exact.subtract(down).compareTo(up.subtract(exact));
            double expected = nearer < 0 || nearer == 0 && (Double.doubleToRawLongBits(result[1]) & 1) == 0
                    ? result[FloatContext.DOWN]
                    : result[FloatContext.UP];
            assertThat(result[FloatContext.NEAREST]).as(text).isEqualTo(expected);
            assertThat(result[FloatContext.ZERO])
                    .as(text)
                    .isEqualTo(exact.signum() > 0 ? result[FloatContext.DOWN] : result[FloatContext.UP]);
        }
    }

    private long finite() {
        while (true) {
            long bits = operands.next(F);
            if (Double.isFinite(Double.longBitsToDouble(bits))) {
                return bits;
            }
        }
    }

    private static BigDecimal exact(long bits) {
        return new BigDecimal(Double.longBitsToDouble(bits));
    }

    @Test
    void sumsAndProductsAreTheNeighboursOfTheExactValue() {
        for (int n = 0; n < CASES / 4; n++) {
            long a = finite();
            long b = finite();
            long c = finite();
            String text = Long.toHexString(a) + " " + Long.toHexString(b) + " " + Long.toHexString(c);
            bracket("add " + text, exact(a).add(exact(b)), () -> unit.add(F, a, b));
            bracket("subtract " + text, exact(a).subtract(exact(b)), () -> unit.subtract(F, a, b));
            bracket("multiply " + text, exact(a).multiply(exact(b)), () -> unit.multiply(F, a, b));
            bracket(
                    "fma " + text,
                    exact(a).multiply(exact(b)).add(exact(c)),
                    () -> unit.multiplyAdd(F, a, b, c, false, false));
        }
    }

    @Test
    void agreesWithTheHostInNearestMode() {
        for (int n = 0; n < CASES; n++) {
            long a = operands.next(F);
            long b = operands.next(F);
            long c = operands.next(F);
            double x = Double.longBitsToDouble(a);
            double y = Double.longBitsToDouble(b);
            double z = Double.longBitsToDouble(c);
            same("add", a, b, x + y, unit.add(F, a, b));
            same("multiply", a, b, x * y, unit.multiply(F, a, b));
            same("divide", a, b, x / y, unit.divide(F, a, b));
            same("squareRoot", a, b, Math.sqrt(x), unit.squareRoot(F, a));
            same("fma", a, b, Math.fma(x, y, z), unit.multiplyAdd(F, a, b, c, false, false));
            same("integral", a, b, Math.rint(x), unit.integral(F, a, FloatContext.NEAREST, true));
        }
    }

    private static void same(String what, long a, long b, double expected, long was) {
        double value = Double.longBitsToDouble(was);
        assertThat(Double.doubleToLongBits(value))
                .as("%s %x %x seed %d", what, a, b, SEED)
                .isEqualTo(Double.doubleToLongBits(expected));
    }

    @Test
    void extendedRootsAreTheFloorOfTheExactRoot() {
        Real a = new Real();
        for (int n = 0; n < CASES; n++) {
            long significand = operands.random().nextLong() >> operands.random().nextInt(64) | Long.MIN_VALUE;
            int exponent = operands.random().nextInt(2000) - 1000;
            a.setFinite(false, exponent, significand, 0);
            unit.math().squareRoot(a, a);
            BigInteger square = new BigInteger(Long.toUnsignedString(significand)).shiftLeft(63 + (exponent & 1) + 128);
            BigInteger root = square.sqrt();
            assertThat(Long.toUnsignedString(a.significand))
                    .as("root of %x e %d seed %d", significand, exponent, SEED)
                    .isEqualTo(root.shiftRight(64).toString());
            assertThat(a.low != 0).isEqualTo(square.bitLength() > 0 && !isSquare(square));
            assertThat(a.low < 0).isEqualTo(root.testBit(63));
        }
    }

    private static boolean isSquare(BigInteger value) {
        BigInteger root = value.sqrt();
        return root.multiply(root).equals(value);
    }

    @Test
    void extendedQuotientsHaveHalfAndStickyBits() {
        Real a = new Real();
        Real b = new Real();
        for (int n = 0; n < CASES; n++) {
            long x = operands.significand80() | Long.MIN_VALUE;
            long y = operands.significand80() | Long.MIN_VALUE;
            a.setFinite(false, 0, x, 0);
            b.setFinite(false, 0, y, 0);
            unit.math().divide(a, b, a);
            BigInteger numerator = new BigInteger(Long.toUnsignedString(x)).shiftLeft(65 - a.exponent - 1);
            BigInteger[] parts = numerator.divideAndRemainder(new BigInteger(Long.toUnsignedString(y)));
            String text = "%x / %x seed %d".formatted(x, y, SEED);
            assertThat(Long.toUnsignedString(a.significand))
                    .as(text)
                    .isEqualTo(parts[0].shiftRight(1).toString());
            assertThat(a.low < 0).as(text).isEqualTo(parts[0].testBit(0));
            assertThat(a.low << 1 != 0).as(text).isEqualTo(parts[1].signum() != 0);
        }
    }

    @Test
    void decimalTextRoundsAsTheHostDoes() {
        BigDecimal third = BigDecimal.ONE.divide(BigDecimal.valueOf(3), new MathContext(60));
        bracket("1/3", third, () -> unit.divide(F, Double.doubleToLongBits(1), Double.doubleToLongBits(3)));
    }
}
