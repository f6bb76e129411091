package dev.cloister.policy.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Cuts a text into tokens and comments without copying anything: the JSON5 that policies use. That is JSON (RFC 8259) with
 * line and block comments, trailing commas, single quotes, names without quotes (ASCII letters, digits, {@code _} and
 * {@code $}), and numbers that begin with {@code +} or a point. Everything else of JSON5 is refused, so that no two readers
 * of a policy can take it for different things.
 */
final class Lexer {
    /** Largest text in bytes. */
    static final int MAX_BYTES = 64 << 20;

    /** Deepest nesting of objects and arrays. */
    static final int MAX_DEPTH = 64;

    /** Most tokens and comments together; bounds the memory that a dense text can claim. */
    static final int MAX_TOKENS = 16_000_000;

    /** Longest number in characters. */
    static final int MAX_NUMBER = 1000;

    private static final int ASCII = 128;
    private static final int HEX_DIGITS = 4;
    private static final int CHUNK = 8192;
    private static final Kind[] KINDS = Kind.values();
    private static final byte[] KIND_OF_FIRST = kindOfFirst();

    /** What a token is. */
    enum Kind {
        /** Nothing is left. */
        END,
        OPEN_OBJECT,
        CLOSE_OBJECT,
        OPEN_ARRAY,
        CLOSE_ARRAY,
        COLON,
        COMMA,
        /** Quoted either way. */
        STRING,
        NUMBER,
        /** {@code true}, {@code false}, {@code null}, or a name without quotes. */
        WORD,
        /** From {@code //} up to the line's end, which is not part of it. */
        LINE_COMMENT,
        BLOCK_COMMENT;

        boolean isComment() {
            return this == LINE_COMMENT || this == BLOCK_COMMENT;
        }
    }

    private final byte[] text;
    private int at;
    private int tokens;
    private Kind kind = Kind.END;
    private int start;
    private int newlines;
    private boolean plain;

    /**
     * Prepares to read a text.
     *
     * @throws TextException if it is too large or isn't UTF-8
     */
    Lexer(byte[] text) throws TextException {
        if (text.length > MAX_BYTES) {
            throw new TextException(0, 0, "the text has " + text.length + " bytes", "at most " + MAX_BYTES + " bytes");
        }
        this.text = text;
        checkUtf8();
    }

    /** Returns the text's own bytes. */
    byte[] text() {
        return text;
    }

    /** Returns what was read last. */
    Kind kind() {
        return kind;
    }

    /** Returns the offset of the token's first byte. */
    int start() {
        return start;
    }

    /** Returns the offset behind the token's last byte. */
    int end() {
        return at;
    }

    /** Returns how many line ends stand between the token and what came before it, comments included. */
    int newlines() {
        return newlines;
    }

    /** Returns whether the token is a string in double quotes without any escape: its bytes are its JSON. */
    boolean isPlain() {
        return plain;
    }

    /** Returns the token's text. */
    String tokenText() {
        return StringToken.utf8(text, start, at);
    }

    /** Returns whether the token is exactly this ASCII word. */
    boolean is(String word) {
        if (at - start != word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if (text[start + i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Reads the next token, passing over comments. */
    Kind nextToken() throws TextException {
        do {
            next();
        } while (kind.isComment());
        return kind;
    }

    /** Reads the next token or comment. */
    Kind next() throws TextException {
        skipSpace();
        start = at;
        if (at == text.length) {
            kind = Kind.END;
            return kind;
        }
        if (++tokens > MAX_TOKENS) {
            throw error(at, "more than " + MAX_TOKENS + " tokens", "a smaller text");
        }
        int first = text[at];
        kind = first < 0 ? Kind.END : KINDS[KIND_OF_FIRST[first]];
        read();
        return kind;
    }

    private void read() throws TextException {
        switch (kind) {
            case STRING -> string(text[at]);
            case NUMBER -> number();
            case WORD -> word();
            case LINE_COMMENT -> comment();
            case END -> throw error(at, "unexpected " + shown(at), "JSON");
            default -> at++;
        }
    }

    /** Makes an error at the token that was read last. */
    TextException error(String problem, String expected) {
        return error(start, problem, expected);
    }

    private TextException error(int offset, String problem, String expected) {
        return TextException.at(text, offset, problem, expected);
    }

    private String shown(int offset) {
        if (offset >= text.length) {
            return "end of the text";
        }
        // A character has at most four bytes; the text is known to be UTF-8.
        int c = StringToken.utf8(text, offset, Math.min(text.length, offset + 4))
                .codePointAt(0);
        boolean visible = c > ' ' && c < 0x7f;
        return visible ? "'" + (char) c + "'" : String.format("character U+%04X", c);
    }

    private void checkUtf8() throws TextException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(text);
        CharBuffer out = CharBuffer.allocate(CHUNK);
        CoderResult result;
        do {
            out.clear();
            result = decoder.decode(in, out, true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw error(in.position(), "the text is not valid UTF-8", "UTF-8");
        }
        boolean marked = text.length > 2 && StringToken.utf8(text, 0, 3).equals("\uFEFF");
        if (marked) {
            throw error(0, "the text begins with a byte order mark", "UTF-8 without one");
        }
    }

    private void skipSpace() {
        int lines = 0;
        int i = at;
        while (i < text.length) {
            byte b = text[i];
            if (b == '\n' || (b == '\r' && (i + 1 == text.length || text[i + 1] != '\n'))) {
                lines++;
            } else if (b != ' ' && b != '\t' && b != '\r') {
                break;
            }
            i++;
        }
        at = i;
        newlines = lines;
    }

    private void string(byte quote) throws TextException {
        boolean escapes = false;
        int i = at + 1;
        while (true) {
            i = endOfRun(i, quote);
            if (i >= text.length || text[i] == '\n' || text[i] == '\r') {
                throw error(start, "the string has no end", "a closing " + (char) quote + " on the same line");
            }
            if (text[i] == quote) {
                break;
            }
            if (text[i] != '\\') {
                throw error(i, shown(i) + " in a string", "it written as an escape");
            }
            i = escape(i + 1);
            escapes = true;
        }
        at = i + 1;
        plain = !escapes && quote == '"';
    }

    /** Returns where the first quote, backslash or control character is, or the text's end. */
    private int endOfRun(int from, byte quote) {
        int i = from;
        while (i < text.length) {
            byte b = text[i];
            if (b == quote || b == '\\' || (b >= 0 && b < ' ')) {
                return i;
            }
            i++;
        }
        return i;
    }

    private int escape(int letter) throws TextException {
        boolean known = letter < text.length && "\"'\\/bfnrtu".indexOf(text[letter]) >= 0;
        if (!known) {
            throw error(
                    letter - 1,
                    "unknown escape: \\ and " + shown(letter),
                    "one of \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t \\u");
        }
        if (text[letter] != 'u') {
            return letter + 1;
        }
        for (int i = letter + 1; i <= letter + HEX_DIGITS; i++) {
            if (i >= text.length || Character.digit(text[i], 16) < 0) {
                throw error(letter - 1, "\\u without four hexadecimal digits", "\\u0000 to \\uffff");
            }
        }
        return letter + 1 + HEX_DIGITS;
    }

    private void number() throws TextException {
        sign();
        if (!mantissa() || !exponent() || !endsNumber()) {
            throw error("not a number", "a decimal number");
        }
        if (at - start > MAX_NUMBER) {
            throw error("a number of " + (at - start) + " characters", "at most " + MAX_NUMBER);
        }
    }

    private boolean mantissa() throws TextException {
        int from = at;
        int wholeDigits = digits();
        if (wholeDigits > 1 && text[from] == '0') {
            throw error("a number with leading zeros", "a decimal number");
        }
        return fraction() ? digits() > 0 : wholeDigits > 0;
    }

    private boolean fraction() {
        if (at < text.length && text[at] == '.') {
            at++;
            return true;
        }
        return false;
    }

    private boolean exponent() {
        boolean present = at < text.length && (text[at] == 'e' || text[at] == 'E');
        if (!present) {
            return true;
        }
        at++;
        sign();
        return digits() > 0;
    }

    private void sign() {
        if (at < text.length && (text[at] == '-' || text[at] == '+')) {
            at++;
        }
    }

    private boolean endsNumber() {
        return at == text.length || (!isWord(text[at]) && text[at] != '.');
    }

    private int digits() {
        int from = at;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            at++;
        }
        return at - from;
    }

    private void word() {
        while (at < text.length && isWord(text[at])) {
            at++;
        }
    }

    private static boolean isWord(byte b) {
        return b >= 0 && (Character.isLetterOrDigit(b) || b == '_' || b == '$');
    }

    private void comment() throws TextException {
        int next = at + 1 < text.length ? text[at + 1] : 0;
        if (next == '/') {
            lineComment();
        } else if (next == '*') {
            kind = Kind.BLOCK_COMMENT;
            blockComment();
        } else {
            throw error("unexpected '/'", "// or /* for a comment");
        }
    }

    private void lineComment() throws TextException {
        at += 2;
        while (at < text.length && text[at] != '\n' && text[at] != '\r') {
            checkInComment(at);
            at++;
        }
    }

    private void blockComment() throws TextException {
        int i = at + 2;
        while (i + 1 < text.length && (text[i] != '*' || text[i + 1] != '/')) {
            checkInComment(i);
            i++;
        }
        if (i + 1 >= text.length) {
            throw error("the comment has no end", "*/");
        }
        at = i + 2;
    }

    /** Control characters could hide from a reader what the text says, or drive a terminal. */
    private void checkInComment(int offset) throws TextException {
        byte b = text[offset];
        if (b >= 0 && b < ' ' && b != '\t' && b != '\n' && b != '\r') {
            throw error(offset, shown(offset) + " in a comment", "no control characters");
        }
    }

    private static byte[] kindOfFirst() {
        byte[] table = new byte[ASCII];
        mark(table, Kind.OPEN_OBJECT, "{");
        mark(table, Kind.CLOSE_OBJECT, "}");
        mark(table, Kind.OPEN_ARRAY, "[");
        mark(table, Kind.CLOSE_ARRAY, "]");
        mark(table, Kind.COLON, ":");
        mark(table, Kind.COMMA, ",");
        mark(table, Kind.STRING, "\"'");
        mark(table, Kind.NUMBER, "+-.0123456789");
        mark(table, Kind.WORD, "_$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        mark(table, Kind.LINE_COMMENT, "/");
        return table;
    }

    @SuppressWarnings(
            "EnumOrdinal") // A table in memory, made from the enum at each start: nothing is kept that could go stale.
    private static void mark(byte[] table, Kind kind, String firsts) {
        for (int i = 0; i < firsts.length(); i++) {
            table[firsts.charAt(i)] = (byte) kind.ordinal();
        }
    }
}
