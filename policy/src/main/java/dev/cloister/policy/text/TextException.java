package dev.cloister.policy.text;

import java.io.Serial;

/** A text that isn't JSON5 as policies use it, or is beyond the bounds of size and depth; with its place. */
public final class TextException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;
    private final String problem;
    private final String expected;

    /**
     * Makes the exception.
     *
     * @param line 1-based line, 0 for the whole text
     * @param column 1-based column in UTF-16 units, 0 for the whole text
     * @param problem what is wrong
     * @param expected what was expected; empty when {@code problem} says it all
     */
    public TextException(int line, int column, String problem, String expected) {
        super(problem);
        this.line = line;
        this.column = column;
        this.problem = problem;
        this.expected = expected;
    }

    /** Makes the exception for a byte of a text; what can't be decoded before it counts as one column each. */
    static TextException at(byte[] text, int offset, String problem, String expected) {
        int line = 1;
        for (int i = 0; i < offset; i++) {
            if (endsLine(text, i)) {
                line++;
            }
        }
        return new TextException(line, 1 + column(text, offset), problem, expected);
    }

    /** Returns the 0-based column of a byte, in UTF-16 units. */
    static int column(byte[] text, int offset) {
        int from = offset;
        while (from > 0 && !endsLine(text, from - 1)) {
            from--;
        }
        return StringToken.utf8(text, from, offset).length();
    }

    private static boolean endsLine(byte[] text, int at) {
        return text[at] == '\n' || (text[at] == '\r' && (at + 1 == text.length || text[at + 1] != '\n'));
    }

    /** Returns the 1-based line, 0 for the whole text. */
    public int line() {
        return line;
    }

    /** Returns the 1-based column in UTF-16 units, 0 for the whole text. */
    public int column() {
        return column;
    }

    /** Returns what is wrong, without the place. */
    public String problem() {
        return problem;
    }

    /** Returns what was expected; empty when {@link #problem()} says it all. */
    public String expected() {
        return expected;
    }

    /** Returns one line for a person: place, problem, expectation. */
    public String describe(String file) {
        String place = line > 0 ? ":" + line + ":" + column : "";
        return file + place + ": " + problem + (expected.isEmpty() ? "" : "; expected " + expected);
    }
}
