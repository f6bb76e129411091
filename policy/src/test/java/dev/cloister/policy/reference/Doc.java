package dev.cloister.policy.reference;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** JSON as plain data: {@code Map}, {@code List}, {@code String}, {@code Long}, {@code Boolean}. Made by hand, changed freely. */
public final class Doc {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Doc() {}

    /** Returns an object of members given as name, value, name, value. */
    public static Map<String, Object> of(Object... members) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            map.put((String) members[i], members[i + 1]);
        }
        return map;
    }

    /** Parses standard JSON. */
    public static Object parse(byte[] json) {
        try (JsonParser parser = FACTORY.createParser(json)) {
            parser.nextToken();
            return value(parser);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    map.put(name, value(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw new IOException("a policy has no " + parser.currentToken());
        };
    }

    /** Returns the JSON text, one line for each item of a top-level array. */
    public static String text(Object value) {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
            write(json, value, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString();
    }

    private static void write(JsonGenerator json, Object value, int depth) throws IOException {
        switch (value) {
            case Map<?, ?> map -> {
                json.writeStartObject();
                for (Map.Entry<?, ?> member : map.entrySet()) {
                    if (depth == 0) {
                        json.writeRaw("\n  ");
                    }
                    json.writeFieldName((String) member.getKey());
                    write(json, member.getValue(), depth + 1);
                }
                json.writeEndObject();
            }
            case List<?> list -> {
                json.writeStartArray();
                for (Object item : list) {
                    if (depth == 1) {
                        json.writeRaw("\n    ");
                    }
                    write(json, item, depth + 1);
                }
                json.writeEndArray();
            }
            case String text -> json.writeString(text);
            case Long number -> json.writeNumber(number);
            case Integer number -> json.writeNumber(number);
            case Boolean truth -> json.writeBoolean(truth);
            default -> throw new IllegalArgumentException("no JSON: " + value.getClass());
        }
    }

    /** Returns a deep copy whose parts can be changed. */
    public static Object copy(Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, Object> copy = new LinkedHashMap<>();
                map.forEach((name, member) -> copy.put((String) name, copy(member)));
                yield copy;
            }
            case List<?> list -> {
                List<Object> copy = new ArrayList<>();
                list.forEach(item -> copy.add(copy(item)));
                yield copy;
            }
            case Integer number -> number.longValue();
            default -> value;
        };
    }

    /** Returns what a map has for a key; it must have something. */
    public static <V> V get(Map<?, V> map, Object key) {
        return Objects.requireNonNull(map.get(key), () -> "nothing under " + key);
    }

    /** Returns the value as an object. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    /** Returns a member that is an object. */
    public static Optional<Map<String, Object>> object(Map<String, Object> owner, String name) {
        return Optional.ofNullable(owner.get(name)).map(Doc::object);
    }

    /** Returns the items of an array member; none where it is absent. */
    @SuppressWarnings("unchecked")
    public static List<Object> items(Map<String, Object> owner, String name) {
        return (List<Object>) owner.getOrDefault(name, List.of());
    }

    /** Returns the items of an array member, each an object. */
    public static List<Map<String, Object>> objects(Map<String, Object> owner, String name) {
        return items(owner, name).stream().map(Doc::object).toList();
    }

    /** Returns the strings of a member that is a string or an array of strings; none where it is absent. */
    public static List<String> strings(Map<String, Object> owner, String name) {
        Object value = owner.getOrDefault(name, List.of());
        return value instanceof String one
                ? List.of(one)
                : items(owner, name).stream().map(String.class::cast).toList();
    }

    /** Returns a member that is a string, or the empty one. */
    public static String string(Map<String, Object> owner, String name) {
        return (String) owner.getOrDefault(name, "");
    }

    /** Returns a member that is an integer. */
    public static long number(Map<String, Object> owner, String name) {
        return ((Number) get(owner, name)).longValue();
    }
}
