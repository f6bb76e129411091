package dev.cloister.policy.daemon.journal;

/** Makes text that came from a VMM or guest safe for a log line, a terminal or a guest. */
public final class Ascii {
    private Ascii() {}

    /** Cuts text to a number of characters; what is not printable ASCII becomes a question mark. */
    public static String printable(String text, int most) {
        StringBuilder out = new StringBuilder(Math.min(text.length(), most));
        for (int i = 0; i < text.length() && i < most; i++) {
            char c = text.charAt(i);
            out.append(c >= ' ' && c <= '~' ? c : '?');
        }
        return out.toString();
    }
}
