package dev.cloister.policy.text;

import java.util.Arrays;

/**
 * Writes the canonical form of one text while reading it. Each object's members are written as they come and then put in
 * order within the output, so that no tree is built.
 */
final class CanonicalWriter {
    private static final int EXACT_DIGITS = 15;
    private static final int INSERTION_SORT = 32;
    private static final int FIRST_SPANS = 256;

    private final Lexer lexer;
    private final CanonicalBuffer out;
    /** Start and end in the output of each member of the objects that are open now. */
    private int[] spans = new int[FIRST_SPANS];

    private int spanEnd;
    private int depth;

    CanonicalWriter(byte[] json5) throws TextException {
        lexer = new Lexer(json5);
        out = new CanonicalBuffer(json5.length);
    }

    /** Reads and writes the whole document. */
    CanonicalBuffer document() throws TextException {
        if (lexer.nextToken() == Lexer.Kind.END) {
            throw lexer.error("the text is empty", "a JSON value");
        }
        value();
        if (lexer.nextToken() != Lexer.Kind.END) {
            throw lexer.error("text after the end of the document", "one JSON value");
        }
        return out;
    }

    private void value() throws TextException {
        switch (lexer.kind()) {
            case OPEN_OBJECT -> object();
            case OPEN_ARRAY -> array();
            case STRING -> string();
            case NUMBER -> number();
            case WORD -> literal();
            default -> throw lexer.error("no value", "a value");
        }
    }

    private void enter() throws TextException {
        if (++depth > Lexer.MAX_DEPTH) {
            throw lexer.error("nested more than " + Lexer.MAX_DEPTH + " deep", "a flatter text");
        }
    }

    private void array() throws TextException {
        enter();
        out.add('[');
        boolean first = true;
        while (lexer.nextToken() != Lexer.Kind.CLOSE_ARRAY) {
            if (!first) {
                out.add(',');
            }
            first = false;
            value();
            if (comma(Lexer.Kind.CLOSE_ARRAY)) {
                break;
            }
        }
        out.add(']');
        depth--;
    }

    private void object() throws TextException {
        enter();
        out.add('{');
        int from = out.length();
        int first = spanEnd;
        while (lexer.nextToken() != Lexer.Kind.CLOSE_OBJECT) {
            if (spanEnd > first) {
                out.add(',');
            }
            member();
            if (comma(Lexer.Kind.CLOSE_OBJECT)) {
                break;
            }
        }
        sort(from, first);
        spanEnd = first;
        out.add('}');
        depth--;
    }

    /** Reads what follows a value; returns whether that ends the object or array. */
    private boolean comma(Lexer.Kind close) throws TextException {
        Lexer.Kind next = lexer.nextToken();
        if (next != close && next != Lexer.Kind.COMMA) {
            throw lexer.error(
                    "a value is not followed by , or the end", close == Lexer.Kind.CLOSE_ARRAY ? ", or ]" : ", or }");
        }
        return next == close;
    }

    private void member() throws TextException {
        int span = spanEnd;
        if (span + 2 > spans.length) {
            spans = Arrays.copyOf(spans, 2 * spans.length);
        }
        spanEnd += 2;
        spans[span] = out.length();
        switch (lexer.kind()) {
            case STRING -> string();
            case WORD -> {
                out.add('"');
                out.add(lexer.text(), lexer.start(), lexer.end());
                out.add('"');
            }
            default -> throw lexer.error("no name", "a name");
        }
        if (lexer.nextToken() != Lexer.Kind.COLON) {
            throw lexer.error("a name is not followed by :", ":");
        }
        out.add(':');
        lexer.nextToken();
        value();
        spans[span + 1] = out.length();
    }

    private void string() throws TextException {
        if (lexer.isPlain()) {
            out.add(lexer.text(), lexer.start(), lexer.end());
        } else {
            out.quote(StringToken.decode(lexer.text(), lexer.start(), lexer.end()));
        }
    }

    private void literal() throws TextException {
        boolean known = lexer.is("true") || lexer.is("false") || lexer.is("null");
        if (!known) {
            throw lexer.error("unknown word", "true, false, null, or quotes around a string");
        }
        out.add(lexer.text(), lexer.start(), lexer.end());
    }

    private void number() throws TextException {
        byte[] text = lexer.text();
        int from = text[lexer.start()] == '+' ? lexer.start() + 1 : lexer.start();
        boolean whole = isWhole(text, from);
        boolean small = whole && lexer.end() - from <= EXACT_DIGITS;
        boolean minusZero = small && text[from] == '-' && text[from + 1] == '0';
        if (minusZero) {
            out.add('0');
        } else if (small) {
            out.add(text, from, lexer.end());
        } else {
            out.add(large(StringToken.utf8(text, from, lexer.end()), whole));
        }
    }

    private boolean isWhole(byte[] text, int from) {
        for (int i = from; i < lexer.end(); i++) {
            if (text[i] == '.' || text[i] == 'e' || text[i] == 'E') {
                return false;
            }
        }
        return true;
    }

    private String large(String number, boolean whole) throws TextException {
        double value = Double.parseDouble(number);
        if (Double.isInfinite(value)) {
            throw lexer.error("a number beyond a double's range", "at most 1.7976931348623157e308");
        }
        String canonical = EcmaNumber.of(value);
        if (whole && !canonical.equals(number)) {
            throw lexer.error(
                    "a whole number that a double can't hold to its last digit",
                    "at most 9007199254740991, or a string");
        }
        return canonical;
    }

    private void sort(int from, int first) throws TextException {
        int count = (spanEnd - first) / 2;
        boolean sorted = true;
        for (int i = 1; i < count && sorted; i++) {
            sorted = compare(first, i - 1, i) < 0;
        }
        if (sorted) {
            return;
        }
        int[] order = count <= INSERTION_SORT ? insertionSort(first, count) : mergeSort(first, count);
        for (int i = 1; i < count; i++) {
            if (compare(first, order[i - 1], order[i]) == 0) {
                throw duplicate(first + 2 * order[i]);
            }
        }
        out.reorder(from, spans, first, order, count);
    }

    private TextException duplicate(int span) throws TextException {
        byte[] bytes = out.array();
        String name = StringToken.decode(bytes, spans[span], endOfName(bytes, spans[span]));
        return lexer.error("the object that ends here has \"" + name + "\" twice", "each name once");
    }

    private int[] insertionSort(int first, int count) throws TextException {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int to = i;
            while (to > 0 && compare(first, order[to - 1], i) > 0) {
                order[to] = order[to - 1];
                to--;
            }
            order[to] = i;
        }
        return order;
    }

    private int[] mergeSort(int first, int count) throws TextException {
        int[] order = new int[count];
        Arrays.setAll(order, i -> i);
        int[] other = new int[count];
        for (int width = 1; width < count; width *= 2) {
            for (int left = 0; left < count; left += 2 * width) {
                merge(first, order, other, left, Math.min(left + width, count), Math.min(left + 2 * width, count));
            }
            int[] swap = order;
            order = other;
            other = swap;
        }
        return order;
    }

    private void merge(int first, int[] from, int[] to, int left, int middle, int right) throws TextException {
        int a = left;
        int b = middle;
        for (int i = left; i < right; i++) {
            boolean takeLeft = a < middle && (b >= right || compare(first, from[a], from[b]) <= 0);
            to[i] = takeLeft ? from[a++] : from[b++];
        }
    }

    /** Compares the names of two members by their UTF-16 units. */
    private int compare(int first, int memberA, int memberB) throws TextException {
        byte[] bytes = out.array();
        int startA = spans[first + 2 * memberA];
        int startB = spans[first + 2 * memberB];
        int i = 1;
        // A quote within a name is written with a backslash, so the first quote ends a name without any.
        while (bytes[startA + i] == bytes[startB + i]) {
            byte b = bytes[startA + i];
            if (b == '"') {
                return 0;
            }
            if (b == '\\') {
                return compareDecoded(bytes, startA, startB);
            }
            i++;
        }
        byte a = bytes[startA + i];
        byte b = bytes[startB + i];
        if (a == '"' || b == '"') {
            return a == '"' ? -1 : 1;
        }
        boolean ascii = a >= 0 && b >= 0 && a != '\\' && b != '\\';
        return ascii ? a - b : compareDecoded(bytes, startA, startB);
    }

    private static int compareDecoded(byte[] bytes, int startA, int startB) throws TextException {
        String a = StringToken.decode(bytes, startA, endOfName(bytes, startA));
        String b = StringToken.decode(bytes, startB, endOfName(bytes, startB));
        return a.compareTo(b);
    }

    private static int endOfName(byte[] bytes, int start) {
        int i = start + 1;
        while (bytes[i] != '"') {
            i += bytes[i] == '\\' ? 2 : 1;
        }
        return i + 1;
    }
}
