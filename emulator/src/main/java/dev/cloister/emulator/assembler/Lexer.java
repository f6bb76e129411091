package dev.cloister.emulator.assembler;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Splits one line into tokens; a comment runs from {@code ;} to the end. */
final class Lexer {
    private static final String TWO_CHARACTER = "<< >> $$";

    private static final String ESCAPES = "nrt0\\`\"'";
    private static final String MEANINGS = "\n\r\t\0\\`\"'";

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String text) {
        this.text = text;
    }

    /** Returns the line's tokens, the last one of type END; throws {@link LineError}. */
    static List<Token> lex(String text) {
        Lexer lexer = new Lexer(text);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < text.length() && text.charAt(at) != ';') {
            char c = text.charAt(at);
            if (isBlank(c)) {
                at++;
            } else if (Character.isDigit(c)) {
                number();
            } else if (isWordStart(c)) {
                word();
            } else if (isQuote(c)) {
                string(c);
            } else {
                punctuation(c);
            }
        }
        tokens.add(new Token(Token.Type.END, "", 0, at + 1));
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
    }

    private static boolean isQuote(char c) {
        return c == '"' || c == '\'' || c == '`';
    }

    private static boolean isWordStart(char c) {
        return c < 128 && Character.isLetter(c) || c == '_' || c == '.' || c == '@';
    }

    private String run(int from) {
        int end = from;
        while (end < text.length() && (isWordStart(text.charAt(end)) || Character.isDigit(text.charAt(end)))) {
            end++;
        }
        at = end;
        return text.substring(from, end);
    }

    private void word() {
        int start = at;
        tokens.add(new Token(Token.Type.WORD, run(start), 0, start + 1));
    }

    private void number() {
        int start = at;
        String shown = run(start);
        String digits = shown.replace("_", "").toLowerCase(Locale.ROOT);
        try {
            tokens.add(new Token(Token.Type.NUMBER, shown, parse(digits), start + 1));
        } catch (NumberFormatException e) {
            throw new LineError(
                    start + 1,
                    "'" + shown
                            + "' is not a number of at most 64 bits; expected forms: 42, 0x2A, 2Ah, 0b101010, 0o52");
        }
    }

    private static long parse(String digits) {
        if (digits.endsWith("h") && !digits.startsWith("0x")) {
            return Long.parseUnsignedLong(digits.substring(0, digits.length() - 1), 16);
        }
        if (digits.startsWith("0x")) {
            return Long.parseUnsignedLong(digits.substring(2), 16);
        }
        if (digits.startsWith("0b")) {
            return Long.parseUnsignedLong(digits.substring(2), 2);
        }
        if (digits.startsWith("0o")) {
            return Long.parseUnsignedLong(digits.substring(2), 8);
        }
        return Long.parseUnsignedLong(digits);
    }

    private void string(char quote) {
        int start = at++;
        StringBuilder content = new StringBuilder();
        while (at < text.length() && text.charAt(at) != quote) {
            content.append(quote == '`' && text.charAt(at) == '\\' ? escape() : text.charAt(at));
            at++;
        }
        if (at >= text.length()) {
            throw new LineError(start + 1, "the string that starts here has no closing " + quote);
        }
        at++;
        tokens.add(new Token(Token.Type.STRING, content.toString(), 0, start + 1));
    }

    /** Only back-quoted strings know escapes, as in NASM. Leaves {@code at} on the escape's last character. */
    private char escape() {
        at++;
        char c = at < text.length() ? text.charAt(at) : ' ';
        int known = ESCAPES.indexOf(c);
        if (known < 0) {
            throw new LineError(at + 1, "unknown escape \\" + c + "; expected \\n \\r \\t \\0 \\\\ or a quote");
        }
        return MEANINGS.charAt(known);
    }

    private void punctuation(char c) {
        String two = at + 1 < text.length() ? text.substring(at, at + 2) : "";
        String shown = two.length() == 2 && !two.contains(" ") && TWO_CHARACTER.contains(two) ? two : String.valueOf(c);
        if (shown.length() == 1 && "+-*/%&|^~()[],:$".indexOf(c) < 0) {
            throw new LineError(at + 1, "unexpected character '" + c + "'");
        }
        tokens.add(new Token(Token.Type.PUNCTUATION, shown, 0, at + 1));
        at += shown.length();
    }
}
