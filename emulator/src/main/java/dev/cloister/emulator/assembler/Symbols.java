package dev.cloister.emulator.assembler;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Labels and constants over the passes, and the evaluation of expressions against them. */
final class Symbols {
    private final SortedMap<String, Long> values = new TreeMap<>();
    private final Map<String, Expr> constants = new HashMap<>();
    private boolean changed;
    private boolean sawUnknown;
    private boolean tolerateUnknown;
    private long here;
    private long sectionStart;

    /** Forgets whether anything changed; unknown names count as 0 without error while tolerated. */
    void startPass(boolean tolerant) {
        changed = false;
        tolerateUnknown = tolerant;
    }

    void location(long address, long start) {
        here = address;
        sectionStart = start;
    }

    long here() {
        return here;
    }

    void declareConstant(String name, Expr value) {
        constants.put(name, value);
    }

    void set(String name, long value) {
        Long before = values.put(name, value);
        changed |= before == null || before != value;
    }

    boolean changed() {
        return changed;
    }

    Long value(String name) {
        return values.get(name);
    }

    SortedMap<String, Long> all() {
        return values;
    }

    /** True after an evaluation that met a name without a value yet. */
    boolean sawUnknown() {
        return sawUnknown;
    }

    long evaluate(Expr expr) {
        sawUnknown = false;
        return walk(expr);
    }

    private long walk(Expr expr) {
        return switch (expr) {
            case Expr.Number number -> number.value();
            case Expr.Symbol symbol -> lookUp(symbol);
            case Expr.Here _ -> here;
            case Expr.SectionStart _ -> sectionStart;
            case Expr.Reg reg ->
                throw new LineError(
                        reg.column(), "register '" + reg.register().name() + "' can't stand in an expression here");
            case Expr.Unary unary -> unary.operator() == '-' ? -walk(unary.operand()) : ~walk(unary.operand());
            case Expr.Binary binary -> binary(binary);
        };
    }

    private long binary(Expr.Binary binary) {
        long left = walk(binary.left());
        long right = walk(binary.right());
        if (right == 0 && (binary.operator().equals("/") || binary.operator().equals("%"))) {
            if (sawUnknown) {
                return 0;
            }
            throw new LineError(binary.column(), "division by zero");
        }
        return Operators.apply(binary.operator(), left, right);
    }

    private long lookUp(Expr.Symbol symbol) {
        Long value = values.get(symbol.name());
        if (value != null) {
            return value;
        }
        if (!tolerateUnknown) {
            throw new LineError(symbol.column(), "'" + symbol.name() + "' is not defined");
        }
        sawUnknown = true;
        return 0;
    }

    /**
     * True where the value can't move between passes, so that the encoder may choose a short form by it. Labels move; the forms
     * chosen for them must not depend on where they happen to be now, or sizes might never settle.
     */
    boolean isFixed(Expr expr) {
        return isFixed(expr, 0);
    }

    private boolean isFixed(Expr expr, int depth) {
        return switch (expr) {
            case Expr.Number _ -> true;
            case Expr.Symbol symbol -> {
                Expr constant = constants.get(symbol.name());
                yield constant != null && depth < 32 && isFixed(constant, depth + 1);
            }
            case Expr.Here _ -> false;
            case Expr.SectionStart _ -> false;
            case Expr.Reg _ -> false;
            case Expr.Unary unary -> isFixed(unary.operand(), depth);
            case Expr.Binary binary -> isFixed(binary.left(), depth) && isFixed(binary.right(), depth);
        };
    }
}
