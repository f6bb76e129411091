package dev.cloister.it.harness;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON value that tests look into; what is not there fails the test with the path to it. */
public final class Json {
    private final String path;
    private final Object value;

    private Json(String path, Object value) {
        this.path = path;
        this.value = value;
    }

    /** Reads one document; anything behind it is an error. */
    public static Json parse(String text) {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            parser.nextToken();
            Object value = read(parser);
            if (parser.nextToken() != null) {
                throw new AssertionError("more than one JSON document: " + text);
            }
            return new Json("$", value);
        } catch (IOException e) {
            throw new AssertionError("not JSON: " + e.getMessage() + "\n" + text, e);
        }
    }

    /** Reads a file with one document. */
    public static Json read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    private static Object read(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, read(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<Object> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(read(parser));
                }
                yield items;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case null, default -> throw new AssertionError("unexpected " + parser.currentToken());
        };
    }

    /** Returns whether this object has a member. */
    public boolean has(String name) {
        return as(Map.class).containsKey(name);
    }

    /** Returns a member of this object. */
    public Json get(String name) {
        if (!has(name)) {
            throw new AssertionError("no " + path + "." + name + " in " + value);
        }
        return new Json(path + "." + name, as(Map.class).get(name));
    }

    /** Returns this array's items. */
    public List<Json> items() {
        List<Json> items = new ArrayList<>();
        for (Object item : as(List.class)) {
            items.add(new Json(path + "[" + items.size() + "]", item));
        }
        return items;
    }

    /** Returns this array's items, all of them strings. */
    public List<String> texts() {
        return items().stream().map(item -> item.as(String.class)).toList();
    }

    /** Returns the one item of this array whose member {@code name} is {@code wanted}. */
    public Json named(String wanted) {
        return items().stream()
                .filter(item -> item.has("name") && item.text("name").equals(wanted))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + wanted + " in " + path + ": " + value));
    }

    /** Returns a member that is a string. */
    public String text(String name) {
        return get(name).as(String.class);
    }

    /** Returns a member that is an integer. */
    public long number(String name) {
        return get(name).as(Long.class);
    }

    /** Returns a member that is true or false. */
    public boolean flag(String name) {
        return get(name).as(Boolean.class);
    }

    /** Returns the sum of this object's integers. */
    public long sum() {
        long sum = 0;
        for (Object number : as(Map.class).values()) {
            sum += (Long) number;
        }
        return sum;
    }

    private <T> T as(Class<T> type) {
        if (!type.isInstance(value)) {
            throw new AssertionError(path + " is no " + type.getSimpleName() + ": " + value);
        }
        return type.cast(value);
    }

    @Override
    public String toString() {
        return path + " = " + value;
    }
}
