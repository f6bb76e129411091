package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Records as JSON objects: one member for each component, under its name. Components are text, {@code long}, {@code int},
 * {@code double}, {@code boolean}, records, lists of records or text, and maps from text to {@code Long}. So what a record declares is
 * at once the protocol, its documentation and its codec.
 */
final class RecordJson {
    private RecordJson() {}

    /** Writes the components of a record as members of the object that is open. */
    static void members(JsonGenerator out, Record value) throws IOException {
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            out.writeFieldName(component.getName());
            value(out, get(component, value));
        }
    }

    static Object get(RecordComponent component, Record value) {
        try {
            return component.getAccessor().invoke(value);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("component " + component, e);
        }
    }

    private static void value(JsonGenerator out, Object value) throws IOException {
        switch (value) {
            case String text -> out.writeString(text);
            case Long number -> out.writeNumber(number);
            case Integer number -> out.writeNumber(number);
            case Double number -> out.writeNumber(number);
            case Boolean flag -> out.writeBoolean(flag);
            case List<?> list -> {
                out.writeStartArray();
                for (Object element : list) {
                    value(out, element);
                }
                out.writeEndArray();
            }
            case Map<?, ?> map -> {
                out.writeStartObject();
                for (Map.Entry<?, ?> entry : new TreeMap<>(map).entrySet()) {
                    out.writeFieldName(entry.getKey().toString());
                    value(out, entry.getValue());
                }
                out.writeEndObject();
            }
            case Record record -> {
                out.writeStartObject();
                members(out, record);
                out.writeEndObject();
            }
            default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
        }
    }

    /** Reads an object whose first token has been read, as nested maps and lists; the result owns everything. */
    static Map<String, Object> object(JsonParser in) throws IOException {
        Map<String, Object> values = new LinkedHashMap<>();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            values.put(name, value(in, in.nextToken()));
        }
        return values;
    }

    private static Object value(JsonParser in, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> object(in);
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                for (JsonToken next = in.nextToken(); next != JsonToken.END_ARRAY; next = in.nextToken()) {
                    list.add(value(in, next));
                }
                yield list;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> in.getLongValue();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            default -> throw new ProtocolException("line", "value", token.name(), "an object, array, text or number");
        };
    }

    /**
     * Makes a record of members; a missing one is an error, an unknown one is skipped.
     *
     * @param message the message's name in errors
     */
    static <R> R record(String message, Map<String, Object> members, Class<R> type) throws ProtocolException {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = read(
                    message,
                    components[i].getName(),
                    members.get(components[i].getName()),
                    components[i].getGenericType());
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("record " + type, e);
        }
    }

    private static Object read(String message, String field, @Nullable Object value, Type type)
            throws ProtocolException {
        return switch (type) {
            case Class<?> plain when plain == String.class -> expect(message, field, value, String.class, "a string");
            case Class<?> plain
            when plain == boolean.class -> expect(message, field, value, Boolean.class, "true or false");
            case Class<?> plain
            when plain == long.class || plain == Long.class ->
                expect(message, field, value, Number.class, "a number").longValue();
            case Class<?> plain when plain == int.class -> integer(message, field, value);
            case Class<?> plain
            when plain == double.class ->
                expect(message, field, value, Number.class, "a number").doubleValue();
            case Class<?> plain -> record(message, map(message, field, value), plain);
            case ParameterizedType list when list.getRawType() == List.class -> list(message, field, value, list);
            default -> numbers(message, field, value);
        };
    }

    private static int integer(String message, String field, @Nullable Object value) throws ProtocolException {
        long number = expect(message, field, value, Number.class, "a number").longValue();
        if (number != (int) number) {
            throw new ProtocolException(message, field, Long.toString(number), "a number of 32 bits");
        }
        return (int) number;
    }

    private static List<Object> list(String message, String field, @Nullable Object value, ParameterizedType type)
            throws ProtocolException {
        List<Object> all = new ArrayList<>();
        for (Object element : expect(message, field, value, List.class, "an array")) {
            all.add(read(message, field, element, type.getActualTypeArguments()[0]));
        }
        return List.copyOf(all);
    }

    private static Map<String, Long> numbers(String message, String field, @Nullable Object value)
            throws ProtocolException {
        Map<String, Long> all = new HashMap<>();
        for (Map.Entry<String, Object> entry : map(message, field, value).entrySet()) {
            all.put(
                    entry.getKey(),
                    expect(message, entry.getKey(), entry.getValue(), Number.class, "a number")
                            .longValue());
        }
        return Map.copyOf(all);
    }

    // Objects are read by this class only, with text as keys.
    @SuppressWarnings("unchecked")
    static Map<String, Object> map(String message, String field, @Nullable Object value) throws ProtocolException {
        return expect(message, field, value, Map.class, "an object");
    }

    static <T> T expect(String message, String field, @Nullable Object value, Class<T> type, String expected)
            throws ProtocolException {
        if (!type.isInstance(value)) {
            throw new ProtocolException(message, field, value == null ? "missing" : String.valueOf(value), expected);
        }
        return type.cast(value);
    }
}
