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
    private static final int ONE_IN_STRANGE = 200;

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
        if (isStrange(choices)) {
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
        Map<?, ?> properties = map(schema.get("properties"));
        properties.forEach((name, inner) -> {
            boolean wanted = list(schema.get("required")).contains(name) || choices.below(4) == 1;
            if (wanted) {
                object.put((String) name, value(inner, choices, depth + 1));
            }
        });
        if (schema.get("additionalProperties") instanceof Map<?, ?> inner) {
            for (int i = choices.below(4); i > 0; i--) {
                object.put(string(map(schema.get("propertyNames")), choices), value(inner, choices, depth + 1));
            }
        }
        if (!isStrange(choices)) {
            conditions(schema, object, properties, choices, depth);
        }
        if (isStrange(choices)) {
            object.put(choices.of(strings), choices.of(strange));
        }
        return object;
    }

    /** Adds and removes members until the schema's further keywords are content, or nearly. */
    private void conditions(
            Map<?, ?> schema, Map<String, @Nullable Object> object, Map<?, ?> properties, Choices choices, int depth) {
        for (String union : List.of("oneOf", "anyOf")) {
            List<?> cases = list(schema.get(union));
            if (!cases.isEmpty()) {
                int chosen = choices.below(cases.size());
                for (int i = 0; i < cases.size() && union.equals("oneOf"); i++) {
                    list(map(cases.get(i)).get("required")).forEach(object::remove);
                }
                obey(map(cases.get(chosen)), object, properties, choices, depth);
            }
        }
        if (schema.get("if") instanceof Map<?, ?> condition) {
            obey(map(schema.get(holds(condition, object) ? "then" : "else")), object, properties, choices, depth);
        }
        list(schema.get("allOf")).forEach(inner -> conditions(map(inner), object, properties, choices, depth));
    }

    private void obey(
            Map<?, ?> clause, Map<String, @Nullable Object> object, Map<?, ?> properties, Choices choices, int depth) {
        map(clause.get("properties")).forEach((name, inner) -> {
            if (Boolean.FALSE.equals(inner)) {
                object.remove(name);
            } else if (inner instanceof Map<?, ?> narrower && object.containsKey(name)) {
                object.computeIfPresent(
                        (String) name, (_, old) -> narrower.containsKey("const") ? narrower.get("const") : old);
                map(narrower.get("properties")).forEach((below, none) -> {
                    if (object.get(name) instanceof Map<?, ?> map && Boolean.FALSE.equals(none)) {
                        map.remove(below);
                    }
                });
            }
        });
        for (Object name : list(clause.get("required"))) {
            if (!object.containsKey(name)) {
                object.put((String) name, value(properties.get(name), choices, depth + 1));
            }
        }
        conditions(clause, object, properties, choices, depth);
    }

    private static boolean holds(Map<?, ?> condition, Map<String, @Nullable Object> object) {
        if (condition.get("not") instanceof Map<?, ?> inner) {
            return !holds(inner, object);
        }
        if (!list(condition.get("required")).stream().allMatch(object::containsKey)) {
            return false;
        }
        for (Map.Entry<?, ?> property : map(condition.get("properties")).entrySet()) {
            Object value = object.get(property.getKey());
            Map<?, ?> wanted = map(property.getValue());
            boolean fits = wanted.containsKey("const")
                    ? java.util.Objects.equals(wanted.get("const"), value)
                    : list(wanted.get("enum")).contains(value);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    private Object array(Map<?, ?> schema, Choices choices, int depth) {
        long least = schema.get("minItems") instanceof Long number ? number : 0;
        boolean unique = Boolean.TRUE.equals(schema.get("uniqueItems"));
        List<@Nullable Object> array = new ArrayList<>();
        for (long i = Math.min(4, least) + choices.below(3); i > 0; i--) {
            Object item = value(schema.get("items"), choices, depth + 1);
            if (!unique || !array.contains(item)) {
                array.add(item);
            }
        }
        return array;
    }

    private static boolean isStrange(Choices choices) {
        return choices.below(ONE_IN_STRANGE) == ONE_IN_STRANGE - 1;
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static Object integer(Map<?, ?> schema, Choices choices) {
        long least = schema.get("minimum") instanceof Long number ? number : 0;
        long most = schema.get("maximum") instanceof Long number ? number : least + 1000;
        return switch (choices.below(60)) {
            case 59 -> least - 1;
            case 58 -> most + 1;
            case 57 -> most;
            case 56 -> least;
            default -> least + choices.below(Math.clamp(most - least + 1, 1, 1000));
        };
    }

    /** Returns a string of the stock; mostly one that fits the pattern. */
    private String string(Map<?, ?> schema, Choices choices) {
        int first = choices.below(strings.size());
        if (schema.get("pattern") instanceof String pattern && choices.below(100) != 99) {
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
