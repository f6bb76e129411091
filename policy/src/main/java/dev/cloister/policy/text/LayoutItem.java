package dev.cloister.policy.text;

import java.util.List;

/**
 * A member of an object, an element of an array, or the document, with the comments that belong to it.
 *
 * @param leading comments before it
 * @param blankBefore whether a blank line stands between it (or the last comment before it) and what came before
 * @param name in quotes; empty for elements and the document
 * @param value its value
 * @param trailing comments behind it on the same line
 * @param below comments behind the document; empty for anything else
 */
record LayoutItem(
        List<Comment> leading,
        boolean blankBefore,
        String name,
        LayoutValue value,
        List<Comment> trailing,
        List<Comment> below) {

    /**
     * Returns how many columns it takes on one line; {@link LayoutValue#NEVER} if it can't be on one.
     *
     * @param first whether it is the first, whose blank line is dropped
     */
    int flatWidth(boolean first) {
        boolean grouped = leading.isEmpty() ? blankBefore : leading.getFirst().isBlankBefore();
        if (grouped && !first) {
            return LayoutValue.NEVER;
        }
        int width = name.isEmpty() ? 0 : LayoutValue.width(name) + 2;
        for (Comment comment : leading) {
            boolean fits = comment.isInline() && comment.fitsInLine();
            width = LayoutValue.sum(width, fits ? comment.text().length() + 1 : LayoutValue.NEVER);
        }
        for (Comment comment : trailing) {
            width = LayoutValue.sum(width, comment.fitsInLine() ? comment.text().length() + 1 : LayoutValue.NEVER);
        }
        return LayoutValue.sum(width, value.flatWidth());
    }
}
