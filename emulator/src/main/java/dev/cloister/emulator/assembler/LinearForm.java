package dev.cloister.emulator.assembler;

import java.util.LinkedHashMap;
import java.util.Map;

/** Sorts a bracketed expression into base + index * scale + displacement (SDM vol. 1, 3.7.5). */
final class LinearForm {
    private final Map<Register, Long> terms = new LinkedHashMap<>();
    private Expr displacement = new Expr.Number(0);
    private Register base;
    private Register index;
    private int scale = 1;
    private boolean ripRelative;

    Register base() {
        return base;
    }

    Register index() {
        return index;
    }

    int scale() {
        return scale;
    }

    Expr displacement() {
        return displacement;
    }

    boolean ripRelative() {
        return ripRelative;
    }

    /** Adds {@code sign * expr}, sign 1 or -1. */
    void add(Expr expr, int sign) {
        switch (expr) {
            case Expr.Reg reg -> addRegister(reg, sign);
            case Expr.Binary(String operator, Expr left, Expr right, int _)
            when operator.equals("+") -> {
                add(left, sign);
                add(right, sign);
            }
            case Expr.Binary(String operator, Expr left, Expr right, int _)
            when operator.equals("-") -> {
                add(left, sign);
                add(right, -sign);
            }
            case Expr.Binary(String operator, Expr.Reg reg, Expr.Number factor, int _)
            when operator.equals("*") -> addRegister(reg, sign * factor.value());
            case Expr.Binary(String operator, Expr.Number factor, Expr.Reg reg, int _)
            when operator.equals("*") -> addRegister(reg, sign * factor.value());
            default -> addConstant(expr, sign);
        }
    }

    private void addRegister(Expr.Reg reg, long factor) {
        Register register = reg.register();
        if (register.kind() == Register.Kind.INSTRUCTION_POINTER && factor == 1) {
            ripRelative = true;
            return;
        }
        if (register.kind() != Register.Kind.GENERAL || register.bits() < 16) {
            throw new LineError(reg.column(), "'" + register.name() + "' can't be part of an address");
        }
        terms.merge(register, factor, Long::sum);
    }

    private void addConstant(Expr expr, int sign) {
        Expr term = sign < 0 ? new Expr.Unary('-', expr) : expr;
        boolean empty = displacement instanceof Expr.Number number && number.value() == 0;
        displacement = empty ? term : new Expr.Binary("+", displacement, term, 0);
    }

    /** Chooses base and index; the column is where a complaint points. */
    void settle(int column) {
        terms.forEach((register, factor) -> place(register, factor, column));
        if (base != null && index != null) {
            order(column);
        }
        boolean both = ripRelative && (base != null || index != null);
        boolean badPointer = index != null && index.bits() > 16 && index.number() == 4;
        if (both || badPointer) {
            throw new LineError(
                    column, "this address can't be encoded: " + (both ? "rip with registers" : "esp or rsp as index"));
        }
        // [esp] alone came in as a base; an index alone with scale 1 is a base as well.
        if (base == null && index != null && scale == 1) {
            base = index;
            index = null;
        }
    }

    private void place(Register register, long factor, int column) {
        if (factor == 1 && base == null) {
            base = register;
        } else if (index == null && isScale(factor)) {
            index = register;
            scale = (int) factor;
        } else if (base == null && index == null && factor > 2 && isScale(factor - 1)) {
            base = register;
            index = register;
            scale = (int) factor - 1;
        } else {
            throw new LineError(column, "an address is base + index * 1, 2, 4 or 8 + displacement");
        }
    }

    private static boolean isScale(long factor) {
        return factor == 1 || factor == 2 || factor == 4 || factor == 8;
    }

    private void order(int column) {
        if (base.bits() != index.bits()) {
            throw new LineError(column, "base and index of an address must have the same width");
        }
        boolean pointerAsIndex = base.bits() > 16 && index.number() == 4 && scale == 1;
        boolean shortIndexFirst = base.bits() == 16 && base.number() >= 6;
        if (pointerAsIndex || shortIndexFirst) {
            Register swap = base;
            base = index;
            index = swap;
        }
    }
}
