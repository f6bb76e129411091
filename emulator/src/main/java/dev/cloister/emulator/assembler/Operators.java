package dev.cloister.emulator.assembler;

import java.util.Map;
import java.util.function.LongBinaryOperator;

/** Binary operators: precedence and meaning. Division is signed, the right shift brings in zeros. */
final class Operators {
    private record Operator(int precedence, LongBinaryOperator meaning) {}

    private static final Map<String, Operator> TABLE = Map.of(
            "|", new Operator(1, (a, b) -> a | b),
            "^", new Operator(2, (a, b) -> a ^ b),
            "&", new Operator(3, (a, b) -> a & b),
            "<<", new Operator(4, (a, b) -> a << b),
            ">>", new Operator(4, (a, b) -> a >>> b),
            "+", new Operator(5, Long::sum),
            "-", new Operator(5, (a, b) -> a - b),
            "*", new Operator(6, (a, b) -> a * b),
            "/", new Operator(6, (a, b) -> a / b),
            "%", new Operator(6, (a, b) -> a % b));

    private Operators() {}

    /** Returns 1 (weakest) to 6, or 0 where the text is no binary operator. */
    static int precedence(String text) {
        Operator operator = TABLE.get(text);
        return operator == null ? 0 : operator.precedence();
    }

    /** Applies the operator; the caller has refused a zero divisor. */
    static long apply(String text, long left, long right) {
        return TABLE.get(text).meaning().applyAsLong(left, right);
    }
}
