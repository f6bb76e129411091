package dev.cloister.policy.render;

/** Text made harmless for the language it goes into. */
final class Escape {
    private Escape() {}

    /** For text and double-quoted attributes of XML and HTML. Control characters, which XML can't hold, are replaced. */
    static String markup(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(allowed(c) ? c : 0xFFFD);
            }
        });
        return out.toString();
    }

    private static boolean allowed(int c) {
        boolean surrogate = c >= 0xD800 && c <= 0xDFFF;
        return (c >= 0x20 || c == '\t' || c == '\n') && !surrogate && c != 0xFFFE && c != 0xFFFF;
    }

    /** For a double-quoted string of DOT. */
    static String dot(String text) {
        return text.replace("\\", "\\\\")
                .replace("\"", "\\\"")
                .replace("\n", " ")
                .replace("\r", " ");
    }

    /** For JSON that stands in a script element: nothing in it ends the element or begins a comment. */
    static String script(String json) {
        return json.replace("&", "\\u0026")
                .replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
    }
}
