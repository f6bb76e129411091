package dev.cloister.emulator.assembler;

import java.nio.charset.StandardCharsets;

/** Precedence climbing over {@link Tokens}. */
final class ExprParser {
    /** Deeper nesting than any person writes; bounds the recursion. */
    private static final int MAX_DEPTH = 64;

    private final Tokens tokens;
    private final String scope;
    private int depth;

    /**
     * A parser.
     *
     * @param tokens where to read
     * @param scope the global label that local labels belong to
     */
    ExprParser(Tokens tokens, String scope) {
        this.tokens = tokens;
        this.scope = scope;
    }

    Expr parse() {
        return parse(1);
    }

    private Expr parse(int weakest) {
        if (++depth > MAX_DEPTH) {
            throw new LineError(tokens.column(), "expression nested deeper than " + MAX_DEPTH);
        }
        Expr left = unary();
        int precedence = operatorHere();
        while (precedence >= weakest) {
            Token operator = tokens.next();
            Expr right = parse(precedence + 1);
            left = new Expr.Binary(operator.text(), left, right, operator.column());
            precedence = operatorHere();
        }
        depth--;
        return left;
    }

    private int operatorHere() {
        Token token = tokens.peek();
        return token.type() == Token.Type.PUNCTUATION ? Operators.precedence(token.text()) : 0;
    }

    private Expr unary() {
        if (tokens.take("+")) {
            return unary();
        }
        if (tokens.take("-")) {
            return new Expr.Unary('-', unary());
        }
        if (tokens.take("~")) {
            return new Expr.Unary('~', unary());
        }
        return primary();
    }

    private Expr primary() {
        Token token = tokens.next();
        return switch (token.type()) {
            case NUMBER -> new Expr.Number(token.value());
            case STRING -> new Expr.Number(packed(token, 8));
            case WORD -> word(token);
            case PUNCTUATION -> punctuation(token);
            case END -> throw new LineError(token.column(), "expected an expression, found the end of the line");
        };
    }

    private Expr word(Token token) {
        Register register = Register.find(token.text());
        if (register != null) {
            return new Expr.Reg(register, token.column());
        }
        return new Expr.Symbol(fullName(token.text(), scope), token.column());
    }

    private Expr punctuation(Token token) {
        if (token.is("$")) {
            return new Expr.Here();
        }
        if (token.is("$$")) {
            return new Expr.SectionStart();
        }
        if (token.is("(")) {
            Expr inner = parse(1);
            tokens.expect(")", "to close the parenthesis");
            return inner;
        }
        throw new LineError(token.column(), "expected an expression, found " + token.shown());
    }

    /** Local labels start with one dot; the names that macros make up start with two. */
    static String fullName(String name, String scope) {
        return name.startsWith(".") && !name.startsWith("..") ? scope + name : name;
    }

    /** A character constant: its bytes, the first the least significant. */
    static long packed(Token token, int limit) {
        byte[] bytes = token.text().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > limit) {
            throw new LineError(
                    token.column(), "a character constant here has 1 to " + limit + " bytes, this has " + bytes.length);
        }
        long value = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = value << 8 | bytes[i] & 0xFF;
        }
        return value;
    }
}
