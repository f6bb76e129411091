package dev.cloister.policy.text;

import java.util.List;

/** Writes a document in the one layout. */
final class LayoutWriter {
    private static final int COLUMNS = 100;
    private static final int ROW_COLUMNS = 140;
    private static final int INDENT = 2;

    private final StringBuilder out;
    private int lineStart;

    LayoutWriter(int expected) {
        out = new StringBuilder(expected + expected / 4);
    }

    /** Returns the document's text. */
    String document(LayoutItem document) {
        item(document, 0, true, COLUMNS, "");
        for (Comment comment : document.below()) {
            blank(comment.isBlankBefore());
            comment(comment, 0);
            newline();
        }
        return out.toString();
    }

    /** Writes an item on lines of its own. */
    private void item(LayoutItem item, int indent, boolean first, int columns, String comma) {
        boolean any = !first;
        for (Comment comment : item.leading()) {
            blank(any && comment.isBlankBefore());
            any = true;
            comment(comment, indent);
            if (comment.isInline()) {
                out.append(' ');
            } else {
                newline();
            }
        }
        blank(any && item.blankBefore());
        indent(indent);
        name(item);
        int width = item.value().flatWidth();
        boolean fits = out.length() - lineStart + width + comma.length() <= columns;
        if (fits || width <= LayoutValue.EMPTY) {
            flat(item.value());
        } else {
            broken(item.value(), indent);
        }
        out.append(comma);
        for (Comment comment : item.trailing()) {
            out.append(' ');
            comment(comment, indent);
        }
        newline();
    }

    private void name(LayoutItem item) {
        if (!item.name().isEmpty()) {
            out.append(item.name()).append(": ");
        }
    }

    private void broken(LayoutValue value, int indent) {
        switch (value) {
            case LayoutValue.Scalar scalar -> out.append(scalar.text());
            case LayoutValue.Container container -> broken(container, indent);
        }
    }

    private void broken(LayoutValue.Container container, int indent) {
        out.append(container.isObject() ? '{' : '[');
        for (Comment comment : container.head()) {
            out.append(' ');
            comment(comment, indent);
        }
        newline();
        List<LayoutItem> items = container.items();
        for (int i = 0; i < items.size(); i++) {
            LayoutItem item = items.get(i);
            boolean row = !container.isObject() && item.value().isObject();
            item(item, indent + INDENT, i == 0, row ? ROW_COLUMNS : COLUMNS, i < items.size() - 1 ? "," : "");
        }
        boolean any = !items.isEmpty();
        for (Comment comment : container.tail()) {
            blank(any && comment.isBlankBefore());
            any = true;
            comment(comment, indent + INDENT);
            newline();
        }
        indent(indent);
        out.append(container.isObject() ? '}' : ']');
    }

    private void flat(LayoutValue value) {
        switch (value) {
            case LayoutValue.Scalar scalar -> out.append(scalar.text());
            case LayoutValue.Container container -> flat(container);
        }
    }

    private void flat(LayoutValue.Container container) {
        String space = container.isObject() && !container.items().isEmpty() ? " " : "";
        out.append(container.isObject() ? '{' : '[').append(space);
        String separator = "";
        for (LayoutItem item : container.items()) {
            out.append(separator);
            item.leading().forEach(comment -> out.append(comment.text()).append(' '));
            name(item);
            flat(item.value());
            item.trailing().forEach(comment -> out.append(' ').append(comment.text()));
            separator = ", ";
        }
        out.append(space).append(container.isObject() ? '}' : ']');
    }

    /** Writes a comment; the later lines of a block are shifted as its first line is. */
    private void comment(Comment comment, int indent) {
        indent(indent);
        int shift = out.length() - lineStart - comment.column();
        String lead = "";
        for (String line : comment.text().split("\n", -1)) {
            if (!lead.isEmpty()) {
                newline();
            }
            int space = 0;
            while (!lead.isEmpty() && space < line.length() && isSpace(line.charAt(space))) {
                space++;
            }
            String words = stripEnd(line.substring(space));
            boolean shifted = !lead.isEmpty() && !words.isEmpty();
            out.append(" ".repeat(shifted ? Math.max(0, space + shift) : 0)).append(words);
            lead = "\n";
        }
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    private static String stripEnd(String line) {
        int end = line.length();
        while (end > 0 && isSpace(line.charAt(end - 1))) {
            end--;
        }
        return line.substring(0, end);
    }

    /** Indents, where a line begins. */
    private void indent(int indent) {
        if (out.length() == lineStart) {
            out.append(" ".repeat(indent));
        }
    }

    private void blank(boolean wanted) {
        if (wanted && out.length() == lineStart) {
            newline();
        }
    }

    private void newline() {
        out.append('\n');
        lineStart = out.length();
    }
}
