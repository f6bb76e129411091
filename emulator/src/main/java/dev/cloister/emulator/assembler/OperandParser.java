package dev.cloister.emulator.assembler;

import java.util.Locale;
import java.util.Map;

/** Parses one operand: size words, then a register, an expression, a far pointer or a bracketed address. */
final class OperandParser {
    private static final Map<String, Integer> SIZES =
            Map.of("byte", 8, "word", 16, "dword", 32, "qword", 64, "tword", 80, "oword", 128);

    private final Tokens tokens;
    private final String scope;
    private final boolean defaultRelative;
    private int size;
    private boolean far;
    private Operand.Reach reach;

    OperandParser(Tokens tokens, String scope, boolean defaultRelative) {
        this.tokens = tokens;
        this.scope = scope;
        this.defaultRelative = defaultRelative;
    }

    Operand parse() {
        int column = tokens.column();
        words();
        if (tokens.take("[")) {
            return memory(column);
        }
        Expr value = new ExprParser(tokens, scope).parse();
        if (value instanceof Expr.Reg reg) {
            return new Operand.Reg(reg.register(), column);
        }
        if (tokens.take(":")) {
            return new Operand.Far(value, new ExprParser(tokens, scope).parse(), size, column);
        }
        return new Operand.Imm(value, size, reach, column);
    }

    private void words() {
        size = 0;
        far = false;
        reach = Operand.Reach.ANY;
        while (tokens.peek().isWord() && word(tokens.peek().text().toLowerCase(Locale.ROOT))) {
            tokens.next();
        }
    }

    private boolean word(String text) {
        if (SIZES.containsKey(text)) {
            size = SIZES.get(text);
            return true;
        }
        switch (text) {
            case "short" -> reach = Operand.Reach.SHORT;
            case "near" -> reach = Operand.Reach.NEAR;
            case "far" -> far = true;
            case "strict" -> {
                return true;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private Operand memory(int column) {
        boolean relative = defaultRelative;
        if (tokens.takeWord("rel")) {
            relative = true;
        } else if (tokens.takeWord("abs")) {
            relative = false;
        }
        Register segment = segment();
        LinearForm form = new LinearForm();
        form.add(new ExprParser(tokens, scope).parse(), 1);
        tokens.expect("]", "to close the address");
        form.settle(column);
        // fs and gs have bases of their own: an offset into them is never meant relative to RIP.
        boolean bare = form.base() == null && form.index() == null && segment == null;
        return new Operand.Mem(
                form.base(),
                form.index(),
                form.scale(),
                form.displacement(),
                segment,
                size,
                far,
                form.ripRelative() || relative && bare,
                column);
    }

    private Register segment() {
        Token token = tokens.peek();
        Register register = token.isWord() ? Register.find(token.text()) : null;
        if (register == null || register.kind() != Register.Kind.SEGMENT) {
            return null;
        }
        tokens.next();
        tokens.expect(":", "after the segment register");
        return register;
    }
}
