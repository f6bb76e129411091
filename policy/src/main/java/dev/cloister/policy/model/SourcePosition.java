package dev.cloister.policy.model;

/**
 * Where a value stands in a policy file.
 *
 * @param file the file as the user named it
 * @param line 1-based line
 * @param column 1-based column in characters (UTF-16 units)
 */
public record SourcePosition(String file, int line, int column) {
    /** Returns {@code file:line:column}, the form that editors and terminals make clickable. */
    @Override
    public String toString() {
        return file + ":" + line + ":" + column;
    }
}
