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
        int from = 0;
        for (int i = 0; i < offset; i++) {
            boolean ends = text[i] == '\n' || text[i] == '\r' && (i + 1 == text.length || text[i + 1] != '\n');
            if (ends) {
                line++;
                from = i + 1;
            }
        }
        int column = 1 + StringToken.utf8(text, from, offset).length();
        return new TextException(line, column, problem, expected);
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
