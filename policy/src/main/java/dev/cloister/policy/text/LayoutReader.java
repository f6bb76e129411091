package dev.cloister.policy.text;

import java.util.ArrayList;
import java.util.List;

/** Reads a text into what the formatter writes, each comment beside what it is about. */
final class LayoutReader {
    /** How deep the lists are that the document's own members hold: domains, flows. */
    private static final int TABLE_DEPTH = 2;

    private final Lexer lexer;
    private int depth;

    LayoutReader(byte[] json5) throws TextException {
        lexer = new Lexer(json5);
    }

    /** Reads the whole document. */
    LayoutItem document() throws TextException {
        List<Comment> leading = comments();
        if (lexer.kind() == Lexer.Kind.END) {
            throw lexer.error("the text is empty", "a JSON value");
        }
        boolean blank = lexer.newlines() > 1;
        LayoutValue value = value();
        List<Comment> behind = comments();
        if (lexer.kind() != Lexer.Kind.END) {
            throw lexer.error("text after the end of the document", "one JSON value");
        }
        int same = onSameLine(behind);
        return new LayoutItem(
                Comment.inARow(leading),
                blank && !endsInline(leading),
                "",
                value,
                List.copyOf(behind.subList(0, same)),
                List.copyOf(behind.subList(same, behind.size())));
    }

    private LayoutValue value() throws TextException {
        return switch (lexer.kind()) {
            case OPEN_OBJECT -> container(true);
            case OPEN_ARRAY -> container(false);
            case STRING -> new LayoutValue.Scalar(inDoubleQuotes(lexer.tokenText()));
            case NUMBER -> new LayoutValue.Scalar(number(lexer.tokenText()));
            case WORD -> literal();
            default -> throw lexer.error("no value", "a value");
        };
    }

    private LayoutValue literal() throws TextException {
        boolean known = lexer.is("true") || lexer.is("false") || lexer.is("null");
        if (!known) {
            throw lexer.error("unknown word", "true, false, null, or quotes around a string");
        }
        return new LayoutValue.Scalar(lexer.tokenText());
    }

    private LayoutValue container(boolean isObject) throws TextException {
        if (++depth > Lexer.MAX_DEPTH) {
            throw lexer.error("nested more than " + Lexer.MAX_DEPTH + " deep", "a flatter text");
        }
        Lexer.Kind close = isObject ? Lexer.Kind.CLOSE_OBJECT : Lexer.Kind.CLOSE_ARRAY;
        List<Comment> pending = comments();
        int headCount = endsLine(pending, false) ? onSameLine(pending) : 0;
        List<Comment> head = take(pending, headCount);
        List<LayoutItem> items = new ArrayList<>();
        while (lexer.kind() != close) {
            pending = item(isObject, pending, items, close);
        }
        boolean table = !isObject
                && depth == TABLE_DEPTH
                && items.stream().anyMatch(item -> item.value().isObject());
        depth--;
        return new LayoutValue.Container(isObject, table, head, List.copyOf(items), List.copyOf(pending));
    }

    /** Reads one item and what separates it from the next; returns the comments that belong to what follows. */
    private List<Comment> item(boolean isObject, List<Comment> before, List<LayoutItem> items, Lexer.Kind close)
            throws TextException {
        List<Comment> leading = new ArrayList<>(before);
        boolean blank = lexer.newlines() > 1 && !endsInline(leading);
        String name = isObject ? name() : "";
        if (isObject) {
            blank = moveUp(leading, insideMember(), blank);
        }
        LayoutValue value = value();
        List<Comment> pending = comments();
        List<Comment> trailing = take(pending, onSameLine(pending));
        if (lexer.kind() == Lexer.Kind.COMMA) {
            List<Comment> behindComma = comments();
            boolean free = pending.isEmpty()
                    && (trailing.isEmpty() || !trailing.getLast().isLine());
            if (free && endsLine(behindComma, lexer.kind() == close)) {
                trailing.addAll(take(behindComma, onSameLine(behindComma)));
            }
            pending.addAll(behindComma);
        } else if (lexer.kind() != close) {
            throw lexer.error("a value is not followed by , or the end", isObject ? ", or }" : ", or ]");
        }
        items.add(new LayoutItem(Comment.inARow(leading), blank, name, value, List.copyOf(trailing), List.of()));
        return pending;
    }

    /** Puts the comments from within a member above it; returns whether a blank line is still before the member itself. */
    private static boolean moveUp(List<Comment> leading, List<Comment> inside, boolean blank) {
        if (inside.isEmpty()) {
            return blank;
        }
        leading.add(inside.getFirst().withBefore(blank ? 2 : 1));
        leading.addAll(inside.subList(1, inside.size()));
        return false;
    }

    private String name() throws TextException {
        return switch (lexer.kind()) {
            case STRING -> inDoubleQuotes(lexer.tokenText());
            case WORD -> '"' + lexer.tokenText() + '"';
            default -> throw lexer.error("no name", "a name");
        };
    }

    /** Reads the colon; returns the comments on both its sides. */
    private List<Comment> insideMember() throws TextException {
        List<Comment> inside = comments();
        if (lexer.kind() != Lexer.Kind.COLON) {
            throw lexer.error("a name is not followed by :", ":");
        }
        inside.addAll(comments());
        return inside;
    }

    /** Reads on to the next token; returns the comments before it. */
    private List<Comment> comments() throws TextException {
        List<Comment> comments = new ArrayList<>();
        lexer.next();
        while (lexer.kind().isComment()) {
            String text = lexer.tokenText().replace("\r\n", "\n").replace('\r', '\n');
            // Only one comment of a line can go on to the next: columns cost no more than one reading of the text.
            int column = text.indexOf('\n') < 0 ? 0 : TextException.column(lexer.text(), lexer.start());
            int before = lexer.newlines();
            lexer.next();
            comments.add(new Comment(text, column, before, lexer.newlines()));
        }
        return comments;
    }

    /** Returns how many of the comments begin on the line on which what came before ends. */
    private static int onSameLine(List<Comment> comments) {
        int count = 0;
        while (count < comments.size() && comments.get(count).before() == 0) {
            count++;
        }
        return count;
    }

    /** Returns whether there are comments on the line before, and nothing but the end follows them there. */
    private static boolean endsLine(List<Comment> comments, boolean closes) {
        int count = onSameLine(comments);
        boolean last = closes && count == comments.size();
        return count > 0 && (last || !comments.get(count - 1).isInline());
    }

    private static boolean endsInline(List<Comment> comments) {
        return !comments.isEmpty() && comments.getLast().isInline();
    }

    private static List<Comment> take(List<Comment> comments, int count) {
        List<Comment> first = comments.subList(0, count);
        List<Comment> taken = new ArrayList<>(first);
        first.clear();
        return taken;
    }

    private static String number(String text) {
        String number = text.startsWith("+") ? text.substring(1) : text;
        if (number.startsWith(".")) {
            return "0" + number;
        }
        return number.startsWith("-.") ? "-0" + number.substring(1) : number;
    }

    /** JSON knows neither single quotes nor an escape for one; every other escape stays. */
    private static String inDoubleQuotes(String token) {
        StringBuilder string = new StringBuilder(token.length() + 2).append('"');
        for (int i = 1; i < token.length() - 1; i++) {
            char c = token.charAt(i);
            if (c == '"') {
                string.append("\\\"");
            } else if (c != '\\') {
                string.append(c);
            } else {
                i++;
                string.append(token.charAt(i) == '\'' ? "" : "\\").append(token.charAt(i));
            }
        }
        return string.append('"').toString();
    }
}
