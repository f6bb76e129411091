package dev.cloister.policy.audit.export;

import java.util.HexFormat;

/** Text for terminals and line formats: nothing that moves a cursor, ends a line or passes for another letter. */
public final class PlainText {
    private PlainText() {}

    /** Returns the text in printable ASCII: everything else, and the backslash, as {@code \}{@code uXXXX}. */
    public static String of(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c <= '~' && c != '\\') {
                plain.append(c);
            } else {
                plain.append("\\u").append(HexFormat.of().toHexDigits(c));
            }
        }
        return plain.toString();
    }
}
