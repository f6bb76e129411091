package dev.cloister.emulator.assembler;

/**
 * One thing wrong in a source.
 *
 * @param file the source's name as it was given or included
 * @param line line number from 1
 * @param column column from 1, in the line after macro parameters were put in
 * @param text that line
 * @param message what is wrong and what was expected
 */
public record AssemblyError(String file, int line, int column, String text, String message) {
    /**
     * The form for people: {@code file:line:column: message}, the line, and a caret under the column.
     *
     * @return three lines without a final line end
     */
    @Override
    public String toString() {
        return file + ":" + line + ":" + column + ": " + message + "\n    " + text.replace('\t', ' ') + "\n    "
                + " ".repeat(Math.max(0, column - 1)) + "^";
    }
}
