package dev.cloister.policy.language;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes the fields' part of docs/policy-reference.md from the schema: one table per object, in order of first use. */
final class PolicyReference {
    /** Definitions that the page's table of values explains, with the word for each. */
    private static final Map<String, String> VALUES = Map.of(
            "name", "name",
            "freeText", "text",
            "statement", "text",
            "size", "size",
            "duration", "duration",
            "date", "day",
            "time", "time",
            "endpoint", "endpoint",
            "selector", "selector",
            "port", "port");

    private final Json.Obj root;
    private final Map<String, String> examples;
    private final Set<String> order = new LinkedHashSet<>();
    private final StringBuilder out = new StringBuilder();

    private PolicyReference(Json.Obj root, Map<String, String> examples) {
        this.root = root;
        this.examples = examples;
    }

    private static Json.Obj parse(String schema) {
        return (Json.Obj) JsonTree.parse(schema.getBytes(StandardCharsets.UTF_8), new Problems("schema"))
                .orElseThrow();
    }

    /** Returns the names of a schema's definitions. */
    static Set<String> definitions(String schema) {
        return new HashSet<>(((Json.Obj) member(parse(schema), "$defs").orElseThrow())
                .members()
                .names());
    }

    /**
     * Returns the sections.
     *
     * @param schema the schema's text
     * @param name name of the outermost object
     * @param known names of objects that have their section elsewhere
     * @param examples an example for some objects, by name
     */
    static String fields(String schema, String name, Set<String> known, Map<String, String> examples) {
        PolicyReference reference = new PolicyReference(parse(schema), examples);
        reference.object(name, reference.root);
        Set<String> done = new HashSet<>(known);
        while (!done.containsAll(reference.order)) {
            String next = reference.order.stream()
                    .filter(object -> !done.contains(object))
                    .findFirst()
                    .orElseThrow();
            done.add(next);
            reference.object(next, reference.definition(next));
        }
        return reference.out.toString();
    }

    private void object(String name, Json.Obj object) {
        out.append("### ")
                .append(name)
                .append("\n\n")
                .append(text(object, "description"))
                .append("\n\n");
        out.append("| field | type | required | default | meaning |\n|---|---|---|---|---|\n");
        Set<String> required = new LinkedHashSet<>();
        items(object, "required").forEach(item -> required.add(((Json.Text) item).value()));
        ((Json.Obj) member(object, "properties").orElseThrow())
                .members()
                .forEach((field, member) -> row(field, (Json.Obj) member.value(), required.contains(field)));
        out.append('\n');
        String example = examples.get(name);
        if (example != null) {
            out.append("```json5\n").append(example).append("```\n\n");
        }
    }

    private void row(String name, Json.Obj field, boolean required) {
        out.append("| `").append(name).append("` | ").append(type(field)).append(" | ");
        out.append(required ? "yes" : "no").append(" | ");
        out.append(member(field, "default").map(json -> "`" + show(json) + "`").orElse(""))
                .append(" | ");
        out.append(meaning(field)).append(" |\n");
    }

    private String meaning(Json.Obj field) {
        String own = text(field, "description");
        Optional<Json.Obj> scalar = reference(field)
                .map(this::definition)
                .filter(d -> member(d, "properties").isEmpty())
                .filter(_ -> reference(field).filter(VALUES::containsKey).isEmpty());
        return scalar.map(json -> own + " " + text(json, "description")).orElse(own);
    }

    private String type(Json.Obj field) {
        Optional<String> reference = reference(field);
        if (reference.isPresent()) {
            Json.Obj definition = definition(reference.get());
            if (VALUES.containsKey(reference.get())) {
                return VALUES.get(reference.get());
            }
            if (member(definition, "properties").isEmpty()) {
                return type(definition);
            }
            order.add(reference.get());
            String plain = member(definition, "type")
                            .filter(Json.Arr.class::isInstance)
                            .isPresent()
                    ? basic(definition).replace(" or object", " or ").replace("object or ", "")
                    : "";
            return plain + "[" + reference.get() + "](#" + reference.get().toLowerCase(java.util.Locale.ROOT) + ")";
        }
        if (member(field, "const").isPresent()) {
            return "`" + show(member(field, "const").get()) + "`";
        }
        List<Json> choices = items(field, "enum");
        if (!choices.isEmpty()) {
            return String.join(
                    ", ", choices.stream().map(json -> "`" + show(json) + "`").toList());
        }
        return basic(field) + range(field);
    }

    private String basic(Json.Obj field) {
        Optional<Json> type = member(field, "type");
        if (type.isPresent() && type.get() instanceof Json.Arr several) {
            return String.join(
                    " or ",
                    several.items().stream()
                            .map(json -> ((Json.Text) json).value())
                            .toList());
        }
        String name = text(field, "type");
        Optional<Json> values = member(field, "additionalProperties").filter(Json.Obj.class::isInstance);
        if (name.equals("object") && values.isPresent()) {
            return "object: name to " + type((Json.Obj) values.get());
        }
        if (!name.equals("array")) {
            return name;
        }
        return "array of " + type((Json.Obj) member(field, "items").orElseThrow()) + count(field);
    }

    private String count(Json.Obj field) {
        return ", " + member(field, "minItems").map(PolicyReference::show).orElse("0") + " to "
                + member(field, "maxItems").map(PolicyReference::show).orElse("any number");
    }

    private String range(Json.Obj field) {
        Optional<Json> max = member(field, "maximum");
        return max.isEmpty() ? "" : ", " + show(member(field, "minimum").orElseThrow()) + " to " + show(max.get());
    }

    private static Optional<String> reference(Json.Obj field) {
        return member(field, "$ref").map(json -> ((Json.Text) json).value().replace("#/$defs/", ""));
    }

    private Json.Obj definition(String name) {
        return (Json.Obj)
                member((Json.Obj) member(root, "$defs").orElseThrow(), name).orElseThrow();
    }

    private static Optional<Json> member(Json.Obj object, String name) {
        return object.members().get(name).map(Json.Member::value);
    }

    private static String text(Json.Obj object, String name) {
        return member(object, name).map(json -> ((Json.Text) json).value()).orElse("");
    }

    private static List<Json> items(Json.Obj object, String name) {
        return member(object, name).map(json -> ((Json.Arr) json).items()).orElse(List.of());
    }

    private static String show(Json json) {
        return switch (json) {
            case Json.Text text -> '"' + text.value() + '"';
            case Json.Obj object ->
                "{"
                        + String.join(
                                ", ",
                                object.members().names().stream()
                                        .map(name -> "\"" + name + "\": "
                                                + show(member(object, name).orElseThrow()))
                                        .toList())
                        + "}";
            case Json.Arr array ->
                "["
                        + String.join(
                                ", ",
                                array.items().stream()
                                        .map(PolicyReference::show)
                                        .toList()) + "]";
            default -> json.shown();
        };
    }
}
