package dev.cloister.policy.language;

import java.util.regex.Pattern;

/**
 * The form that a text value must have.
 *
 * @param pattern what the whole text must match
 * @param words the same in words, for messages
 */
record TextForm(Pattern pattern, String words) {
    /** Names of domains, levels, windows and most other things. */
    static final TextForm NAME =
            of("[A-Za-z][A-Za-z0-9_.-]{0,30}", "a letter, then at most 30 letters, digits, '_', '.' or '-'");

    /** Names of flows, which may be longer. */
    static final TextForm FLOW_NAME =
            of("[A-Za-z][A-Za-z0-9_.-]{0,38}", "a letter, then at most 38 letters, digits, '_', '.' or '-'");

    /** An author's words, which may be missing. */
    static final TextForm FREE =
            of("[^\\x00-\\x1f\\x7f]{0,1000}", "at most 1000 characters without control characters");

    /** An author's words, of which there must be some. */
    static final TextForm STATED = of("[^\\x00-\\x1f\\x7f]{1,1000}", "1 to 1000 characters without control characters");

    /** A path of a file. */
    static final TextForm PATH = of("[^\\x00-\\x1f\\x7f]{1,1000}", "a path");

    /** A SHA-256. */
    static final TextForm DIGEST = of("[0-9a-f]{64}", "64 lower-case hexadecimal digits, as sha256sum prints them");

    private static TextForm of(String regex, String words) {
        return new TextForm(Pattern.compile(regex), words);
    }

    /** Returns whether a text has this form. */
    boolean matches(String text) {
        return pattern.matcher(text).matches();
    }
}
