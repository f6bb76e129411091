package dev.cloister.policy.text;

import java.util.List;

/** A value as the formatter sees it. */
sealed interface LayoutValue {
    /** The width of what can't be on one line; more than any line holds. */
    int NEVER = 1 << 20;

    /** The width of an object or array without anything in it, which is never broken. */
    int EMPTY = "{}".length();

    /** Returns whether it is an object. */
    boolean isObject();

    /** Returns how many columns it takes on one line, or {@link #NEVER}. */
    int flatWidth();

    /** Adds widths; never more than {@link #NEVER}. */
    static int sum(int a, int b) {
        return Math.min(NEVER, a + b);
    }

    /** Returns how many columns a scalar or name takes; digests count as less. */
    static int width(String text) {
        return isDigest(text) ? 16 : Math.min(NEVER, text.length());
    }

    private static boolean isDigest(String text) {
        int quotes = 2;
        if (text.length() != 64 + quotes || text.charAt(0) != '"') {
            return false;
        }
        for (int i = 1; i <= 64; i++) {
            if ("0123456789abcdef".indexOf(text.charAt(i)) < 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * A string, number or word.
     *
     * @param text as it will be written
     */
    record Scalar(String text) implements LayoutValue {
        @Override
        public boolean isObject() {
            return false;
        }

        @Override
        public int flatWidth() {
            return width(text);
        }
    }

    /**
     * An object or array.
     *
     * @param isObject which of the two
     * @param head comments behind the opening bracket, on its line
     * @param items the members or elements
     * @param tail comments before the closing bracket
     * @param flatWidth see {@link LayoutValue#flatWidth}
     */
    record Container(boolean isObject, List<Comment> head, List<LayoutItem> items, List<Comment> tail, int flatWidth)
            implements LayoutValue {
        /** Makes one; {@code table} keeps it from being on one line. */
        Container(boolean isObject, boolean table, List<Comment> head, List<LayoutItem> items, List<Comment> tail) {
            this(isObject, head, items, tail, table ? NEVER : flatWidth(isObject, head, items, tail));
        }

        private static int flatWidth(boolean isObject, List<Comment> head, List<LayoutItem> items, List<Comment> tail) {
            if (!head.isEmpty() || !tail.isEmpty()) {
                return NEVER;
            }
            if (items.isEmpty()) {
                return EMPTY;
            }
            int width = isObject ? "{  }".length() : "[]".length();
            for (int i = 0; i < items.size(); i++) {
                width = sum(width, items.get(i).flatWidth(i == 0) + (i > 0 ? ", ".length() : 0));
            }
            return width;
        }
    }
}
