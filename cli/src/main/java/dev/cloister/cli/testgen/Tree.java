package dev.cloister.cli.testgen;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as maps, lists, strings, booleans and {@link Number}s that keep their spelling, for documents that are changed in places
 * and otherwise copied. Only for documents that a loader has accepted.
 */
final class Tree {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Tree() {}

    /** A number as it was spelled. */
    record Number(String text) {}

    /** Reads one object. */
    static Map<String, Object> object(byte[] json) throws IOException {
        try (JsonParser parser = FACTORY.createParser(json)) {
            parser.nextToken();
            return map(value(parser));
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> members(parser);
            case START_ARRAY -> items(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Number(parser.getText());
            case null, default -> throw new IOException("unexpected " + parser.currentToken());
        };
    }

    private static Map<String, Object> members(JsonParser parser) throws IOException {
        Map<String, Object> members = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            members.put(name, value(parser));
        }
        return members;
    }

    private static List<Object> items(JsonParser parser) throws IOException {
        List<Object> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(parser));
        }
        return items;
    }

    /** Writes a value. */
    static void write(JsonGenerator json, Object value) throws IOException {
        switch (value) {
            case Map<?, ?> members -> {
                json.writeStartObject();
                for (Map.Entry<?, ?> member : members.entrySet()) {
                    json.writeFieldName(String.valueOf(member.getKey()));
                    write(json, member.getValue());
                }
                json.writeEndObject();
            }
            case List<?> items -> {
                json.writeStartArray();
                for (Object item : items) {
                    write(json, item);
                }
                json.writeEndArray();
            }
            case String text -> json.writeString(text);
            case Boolean flag -> json.writeBoolean(flag);
            case Number number -> json.writeNumber(number.text());
            case Integer number -> json.writeNumber(number);
            default -> throw new IllegalArgumentException("no JSON value: " + value);
        }
    }

    /** Returns a value that is an object. */
    @SuppressWarnings("unchecked") // Objects are made by value() alone, with names for keys.
    static Map<String, Object> map(Object value) throws IOException {
        if (value instanceof Map<?, ?>) {
            return (Map<String, Object>) value;
        }
        throw new IOException("expected an object, found " + value);
    }

    /** Returns a value that is an array; one that is absent is empty. */
    @SuppressWarnings("unchecked") // Arrays are made by value() alone.
    static List<Object> list(Object value) throws IOException {
        return switch (value) {
            case null -> new ArrayList<>();
            case List<?> _ -> (List<Object>) value;
            default -> throw new IOException("expected an array, found " + value);
        };
    }
}
