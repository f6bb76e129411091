package dev.cloister.policy.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A comment of the source.
 *
 * @param text with its marks, without a line comment's newline; lines end in a newline alone
 * @param column 0-based UTF-16 column at which it began; 0 if it is on one line
 * @param before line ends between it and what came before
 * @param after line ends between it and what came behind
 */
record Comment(String text, int column, int before, int after) {
    /** Returns whether nothing can stand behind it on its line. */
    boolean isLine() {
        return text.startsWith("//");
    }

    /** Returns whether what follows stands on the same line. */
    boolean isInline() {
        return after == 0 && !isLine();
    }

    /** Returns whether a blank line stands before it. */
    boolean isBlankBefore() {
        return before > 1;
    }

    /** Returns whether it can stand within a line, something behind it. */
    boolean fitsInLine() {
        return !isLine() && text.indexOf('\n') < 0;
    }

    Comment withBefore(int lines) {
        return new Comment(text, column, lines, after);
    }

    /** Returns the same comments, each with as many line ends before it as it will have once they are written in a row. */
    static List<Comment> inARow(List<Comment> comments) {
        List<Comment> row = new ArrayList<>(comments.size());
        boolean inline = false;
        for (Comment comment : comments) {
            int lines = inline ? 0 : comment.before();
            row.add(row.isEmpty() ? comment : comment.withBefore(lines));
            inline = comment.isInline();
        }
        return row;
    }
}
