package dev.cloister.policy.text;

import java.math.BigDecimal;

/** A double as ECMAScript's {@code Number.prototype.toString} writes it (ECMA-262, Number::toString), which RFC 8785 asks for. */
final class EcmaNumber {
    private static final int MOST_WHOLE_DIGITS = 21;
    private static final int MOST_LEADING_ZEROS = 6;
    private static final int TEN = 10;

    private EcmaNumber() {}

    /**
     * Returns the shortest decimal that stands for {@code value}.
     *
     * @param value neither NaN nor infinite
     */
    static String of(double value) {
        if (value == 0) {
            return "0";
        }
        BigDecimal decimal = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        if (decimal.precision() == 2) {
            decimal = oneDigit(decimal, Math.abs(value));
        }
        String digits = decimal.unscaledValue().toString();
        // The value is 0.digits times ten to the power of point.
        int point = digits.length() - decimal.scale();
        return (value < 0 ? "-" : "") + layOut(digits, point);
    }

    /** Double.toString prefers two digits to one even where one is enough: 4.9E-324 is 5e-324 in ECMAScript. */
    private static BigDecimal oneDigit(BigDecimal two, double value) {
        int digits = two.unscaledValue().intValue();
        int low = digits / TEN;
        int near = digits % TEN >= TEN / 2 ? low + 1 : low;
        for (int digit : new int[] {near, low, low + 1}) {
            BigDecimal one = BigDecimal.valueOf(digit, two.scale() - 1);
            if (one.doubleValue() == value) {
                return one.stripTrailingZeros();
            }
        }
        return two;
    }

    private static String layOut(String digits, int point) {
        int count = digits.length();
        if (point > MOST_WHOLE_DIGITS || point <= -MOST_LEADING_ZEROS) {
            String fraction = count == 1 ? "" : "." + digits.substring(1);
            int exponent = point - 1;
            return digits.charAt(0) + fraction + "e" + (exponent > 0 ? "+" : "") + exponent;
        }
        if (point <= 0) {
            return "0." + "0".repeat(-point) + digits;
        }
        if (count <= point) {
            return digits + "0".repeat(point - count);
        }
        return digits.substring(0, point) + "." + digits.substring(point);
    }
}
