package dev.cloister.policy.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Seeded JSON values, and JSON5 texts for them in every style that the lexer knows. */
public final class RandomJson {
    private static final String[] PIECES = {
        "a", "Z", "0", "_", " ", "\"", "'", "\\", "/", "\b", "\f", "\n", "\r", "\t", "\u0000", "\u001f", "\u007f",
        "\u0080", "ö", "€", "\uFB33", "\uE000", "\uFFFF", "😀", "𝔘", "//", "/*", "*/", ",", ":", "{", "]",
    };
    private static final String[] WORDS = {
        "x", "because", "it", "*", "/", "//", "/ *", "'", "\"", "\\", "{", "]", ",", "ä€😀", "  ", "\t"
    };

    private final Random random;
    private final List<String> comments = new ArrayList<>();

    /** Starts with a seed. */
    public RandomJson(long seed) {
        random = new Random(seed);
    }

    /** Returns the comments of the texts made so far, in their order, with runs of space as one. */
    List<String> comments() {
        return comments;
    }

    /** Returns the comment with runs of space as one, as {@link #comments} does. */
    static String squeeze(String comment) {
        return comment.replaceAll("\\s+", " ").strip();
    }

    /** Returns a map, list, string, double, long, boolean or null. */
    @Nullable
    Object value(int depth) {
        int most = depth > 0 ? 9 : 7;
        return switch (random.nextInt(most)) {
            case 0 -> null;
            case 1 -> random.nextBoolean();
            case 2 -> (long) random.nextInt(-1000, 1000);
            case 3 -> random.nextLong() >> random.nextInt(11, 63);
            case 4 -> real();
            case 5, 6 -> string();
            case 7 -> list(depth);
            default -> map(depth);
        };
    }

    private double real() {
        double value;
        do {
            value = random.nextBoolean() ? Double.longBitsToDouble(random.nextLong()) : random.nextGaussian() * 1000;
        } while (!Double.isFinite(value));
        return value;
    }

    String string() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }

    List<@Nullable Object> list(int depth) {
        List<@Nullable Object> list = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            list.add(value(depth - 1));
        }
        return list;
    }

    Map<String, @Nullable Object> map(int depth) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(random.nextInt(20) == 0 ? 80 : 7); i > 0; i--) {
            map.put(string(), value(depth - 1));
        }
        return map;
    }

    /** Returns a text for the value in a random style; the members of objects in another order. */
    public String text(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        gap(out);
        write(out, value);
        gap(out);
        return out.toString();
    }

    private void write(StringBuilder out, @Nullable Object value) {
        switch (value) {
            case null -> out.append("null");
            case Map<?, ?> map -> object(out, map);
            case List<?> list -> array(out, list);
            case String string -> quoted(out, string);
            case Double number -> number(out, number.toString());
            default -> number(out, value.toString());
        }
    }

    private void object(StringBuilder out, Map<?, ?> map) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        java.util.Collections.shuffle(entries, random);
        out.append('{');
        gap(out);
        for (int i = 0; i < entries.size(); i++) {
            String name = (String) entries.get(i).getKey();
            if (name.matches("[A-Za-z_$][A-Za-z0-9_$]*") && random.nextBoolean()) {
                out.append(name);
            } else {
                quoted(out, name);
            }
            gap(out);
            out.append(':');
            gap(out);
            write(out, entries.get(i).getValue());
            separator(out, i, entries.size());
        }
        out.append('}');
    }

    private void array(StringBuilder out, List<?> list) {
        out.append('[');
        gap(out);
        for (int i = 0; i < list.size(); i++) {
            write(out, list.get(i));
            separator(out, i, list.size());
        }
        out.append(']');
    }

    private void separator(StringBuilder out, int index, int size) {
        gap(out);
        if (index < size - 1 || random.nextInt(4) == 0) {
            out.append(',');
            gap(out);
        }
    }

    private void number(StringBuilder out, String digits) {
        String text = digits;
        if (text.startsWith("0.") && random.nextBoolean()) {
            text = text.substring(1);
        }
        boolean signed = text.startsWith("-") || text.equals("true") || text.equals("false");
        out.append(!signed && random.nextInt(4) == 0 ? "+" : "").append(text);
    }

    private void quoted(StringBuilder out, String string) {
        char quote = random.nextInt(3) == 0 ? '\'' : '"';
        out.append(quote);
        for (int c : string.codePoints().toArray()) {
            boolean must = c < ' ' || c == quote || c == '\\';
            out.append(must || random.nextInt(12) == 0 ? escape(c) : Character.toString(c));
        }
        out.append(quote);
    }

    private String escape(int c) {
        int at = "\b\f\n\r\t\"'\\/".indexOf(c);
        if (at >= 0 && random.nextInt(3) > 0) {
            return "\\" + "bfnrt\"'\\/".charAt(at);
        }
        String format = random.nextBoolean() ? "\\u%04x" : "\\u%04X";
        StringBuilder escapes = new StringBuilder();
        Character.toString(c).chars().forEach(unit -> escapes.append(String.format(format, unit)));
        return escapes.toString();
    }

    private void gap(StringBuilder out) {
        while (random.nextInt(3) == 0) {
            switch (random.nextInt(12)) {
                case 0 -> comment(out, "// ", "\n");
                case 1 -> comment(out, "//", "\r\n");
                case 2 -> comment(out, "/*", "*/");
                case 3 -> comment(out, "/* ", "\n   * two */");
                case 4 -> comment(out, "/* ", "\n\n      three\n */ ");
                case 5 -> out.append('\n');
                case 6 -> out.append("\n\n\n");
                case 7 -> out.append('\r');
                case 8 -> out.append('\t');
                default -> out.append(' ');
            }
        }
    }

    private void comment(StringBuilder out, String open, String close) {
        StringBuilder text = new StringBuilder(open);
        for (int i = random.nextInt(5); i > 0; i--) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        String body = close.endsWith("\n") ? text.toString() : text.toString().replace("*/", "* /");
        boolean breaksUp = !close.endsWith("\n") && body.endsWith("*") && close.startsWith("/");
        out.append(body).append(breaksUp ? " " : "").append(close);
        comments.add(squeeze(body + (close.endsWith("\n") ? "" : close)));
    }
}
