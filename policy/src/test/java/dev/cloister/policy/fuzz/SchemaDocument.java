package dev.cloister.policy.fuzz;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Builds documents from a JSON Schema: what it asks for, some of what it allows, and now and then something else. It knows the
 * keywords that the published schema uses; strings for a pattern are chosen from a stock.
 */
final class SchemaDocument {
    private static final int DEEPEST = 12;
    private static final int ONE_IN_STRANGE = 60;

    private final Map<?, ?> root;
    private final List<String> strings;
    private final List<?> strange;

    /**
     * Takes the schema.
     *
     * @param strings the stock of strings
     * @param strange what is put where it need not belong
     */
    SchemaDocument(Object schema, List<String> strings, List<?> strange) {
        this.root = (Map<?, ?>) schema;
        this.strings = strings;
        this.strange = strange;
    }

    /** Returns a document. */
    @Nullable
    Object build(Choices choices) {
        return value(root, choices, 0);
    }

    private @Nullable Object value(@Nullable Object schema, Choices choices, int depth) {
        if (choices.below(ONE_IN_STRANGE) == ONE_IN_STRANGE - 1) {
            return choices.of(strange);
        }
        if (!(schema instanceof Map<?, ?> map) || depth > DEEPEST) {
            return choices.of(strange);
        }
        Object reference = map.get("$ref");
        if (reference instanceof String path) {
            return value(resolve(path), choices, depth + 1);
        }
        for (String union : List.of("oneOf", "anyOf")) {
            if (map.get(union) instanceof List<?> cases && !map.containsKey("properties")) {
                return value(choices.of(cases), choices, depth + 1);
            }
        }
        if (map.containsKey("const")) {
            return map.get("const");
        }
        if (map.get("enum") instanceof List<?> values) {
            return choices.of(values);
        }
        return ofType(type(map, choices), map, choices, depth);
    }

    private static String type(Map<?, ?> schema, Choices choices) {
        return switch (schema.get("type")) {
            case String one -> one;
            case List<?> several -> (String) choices.of(several);
            case null, default -> schema.containsKey("properties") ? "object" : "string";
        };
    }

    private @Nullable Object ofType(String type, Map<?, ?> schema, Choices choices, int depth) {
        return switch (type) {
            case "object" -> object(schema, choices, depth);
            case "array" -> array(schema, choices, depth);
            case "boolean" -> choices.below(2) == 1;
            case "integer", "number" -> integer(schema, choices);
            case "null" -> null;
            default -> string(schema, choices);
        };
    }

    private Object object(Map<?, ?> schema, Choices choices, int depth) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        List<?> required = schema.get("required") instanceof List<?> list ? list : List.of();
        if (schema.get("properties") instanceof Map<?, ?> properties) {
            properties.forEach((name, inner) -> {
                boolean wanted = required.contains(name) ? choices.below(100) < 98 : choices.below(4) == 1;
                if (wanted) {
                    object.put((String) name, value(inner, choices, depth + 1));
                }
            });
        }
        if (schema.get("additionalProperties") instanceof Map<?, ?> inner) {
            for (int i = choices.below(4); i > 0; i--) {
                object.put(choices.of(strings), value(inner, choices, depth + 1));
            }
        }
        if (choices.below(ONE_IN_STRANGE) == ONE_IN_STRANGE - 1) {
            object.put(choices.of(strings), choices.of(strange));
        }
        return object;
    }

    private Object array(Map<?, ?> schema, Choices choices, int depth) {
        long least = schema.get("minItems") instanceof Long number ? number : 0;
        List<@Nullable Object> array = new ArrayList<>();
        for (long i = Math.min(4, least) + choices.below(3); i > 0; i--) {
            array.add(value(schema.get("items"), choices, depth + 1));
        }
        return array;
    }

    private static Object integer(Map<?, ?> schema, Choices choices) {
        long least = schema.get("minimum") instanceof Long number ? number : 0;
        long most = schema.get("maximum") instanceof Long number ? number : least + 1000;
        return switch (choices.below(12)) {
            case 0 -> least - 1;
            case 1 -> most + 1;
            case 2 -> most;
            case 3 -> least;
            default -> least + choices.below((int) Math.clamp(most - least + 1, 1, 1000));
        };
    }

    /** Returns a string of the stock; mostly one that fits the pattern. */
    private String string(Map<?, ?> schema, Choices choices) {
        int first = choices.below(strings.size());
        if (schema.get("pattern") instanceof String pattern && choices.below(20) != 19) {
            Pattern compiled = Pattern.compile(pattern);
            for (int i = 0; i < strings.size(); i++) {
                String candidate = strings.get((first + i) % strings.size());
                if (compiled.matcher(candidate).find()) {
                    return candidate;
                }
            }
        }
        return strings.get(first);
    }

    private @Nullable Object resolve(String path) {
        Object found = root;
        for (String name : path.substring("#/".length()).split("/")) {
            found = found instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return found;
    }
}
