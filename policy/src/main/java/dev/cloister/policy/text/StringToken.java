package dev.cloister.policy.text;

import java.nio.charset.StandardCharsets;

/** What a string token stands for. */
final class StringToken {
    private static final int HEX = 16;
    private static final int HEX_DIGITS = 4;

    private StringToken() {}

    /**
     * Returns the string that a quoted token stands for. The lexer has seen to its escapes.
     *
     * @param text the whole text, UTF-8
     * @param start where the opening quote is
     * @param end behind the closing quote
     * @throws TextException if an escape leaves half of a surrogate pair, which UTF-8 can't carry
     */
    static String decode(byte[] text, int start, int end) throws TextException {
        StringBuilder string = new StringBuilder(end - start);
        int at = start + 1;
        int plain = at;
        while (at < end - 1) {
            if (text[at] != '\\') {
                at++;
                continue;
            }
            string.append(utf8(text, plain, at));
            boolean unicode = text[at + 1] == 'u';
            string.append(unicode ? unicode(text, at + 2) : escaped(text[at + 1]));
            at += unicode ? 2 + HEX_DIGITS : 2;
            plain = at;
        }
        string.append(utf8(text, plain, end - 1));
        if (hasLoneSurrogate(string)) {
            throw TextException.at(
                    text,
                    start,
                    "the string has half of a surrogate pair",
                    "\\uD800–\\uDBFF with \\uDC00–\\uDFFF behind it");
        }
        return string.toString();
    }

    /** Returns some bytes as text. */
    static String utf8(byte[] text, int from, int to) {
        return new String(text, from, to - from, StandardCharsets.UTF_8);
    }

    private static char unicode(byte[] text, int at) {
        return (char) Integer.parseInt(utf8(text, at, at + HEX_DIGITS), HEX);
    }

    private static char escaped(byte letter) {
        return switch (letter) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> (char) letter;
        };
    }

    private static boolean hasLoneSurrogate(CharSequence string) {
        // A pair comes as one code point beyond the surrogates.
        return string.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }
}
