package dev.cloister.emulator.assembler;

/** A parsed expression; 64-bit two's complement arithmetic. */
sealed interface Expr {
    /** A literal. */
    record Number(long value) implements Expr {}

    /** A label or constant by its full name. */
    record Symbol(String name, int column) implements Expr {}

    /** {@code $}: the address of the statement. */
    record Here() implements Expr {}

    /** {@code $$}: the address of the section's start. */
    record SectionStart() implements Expr {}

    /** A register, allowed inside brackets only. */
    record Reg(Register register, int column) implements Expr {}

    /** Minus or complement. */
    record Unary(char operator, Expr operand) implements Expr {}

    /** A binary operator of {@link Operators}. */
    record Binary(String operator, Expr left, Expr right, int column) implements Expr {}
}
