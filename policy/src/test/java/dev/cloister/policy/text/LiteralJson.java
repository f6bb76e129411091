package dev.cloister.policy.text;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** RFC 8785 word for word, and slow: the oracle of {@link Canonical}. */
public final class LiteralJson {
    private LiteralJson() {}

    /** Returns the canonical form of a map, list, string, number, boolean or null. */
    public static String of(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map ->
                new TreeMap<>(map)
                        .entrySet().stream()
                                .map(entry -> of(entry.getKey()) + ":" + of(entry.getValue()))
                                .collect(Collectors.joining(",", "{", "}"));
            case List<?> list -> list.stream().map(LiteralJson::of).collect(Collectors.joining(",", "[", "]"));
            case String string ->
                string.chars().mapToObj(c -> unit((char) c)).collect(Collectors.joining("", "\"", "\""));
            case Boolean bool -> bool.toString();
            case Number number -> EcmaNumber.of(number.doubleValue());
            default -> throw new IllegalArgumentException(value.toString());
        };
    }

    private static String unit(char c) {
        int at = "\b\t\n\f\r\"\\".indexOf(c);
        if (at >= 0) {
            return "\\" + "btnfr\"\\".charAt(at);
        }
        return c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c);
    }
}
