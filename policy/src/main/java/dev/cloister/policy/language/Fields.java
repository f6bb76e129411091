package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.SourcePosition;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Typed access to the members of one JSON object. Whatever is wrong is reported and replaced by a harmless value, so
 * that one pass finds every problem; nothing is compiled when there was an error.
 */
final class Fields {
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,11})([KMGT]?)");

    private final Problems problems;
    private final Json.Obj object;
    private final String what;

    private Fields(Problems problems, Json.Obj object, String what) {
        this.problems = problems;
        this.object = object;
        this.what = what;
    }

    /** Opens a value as an object with the allowed members; an empty one stands in when it is no object. */
    static Fields of(Json json, String what, Set<String> allowed, Problems problems) {
        if (!(json instanceof Json.Obj object)) {
            problems.error(FindingId.WRONG_TYPE, json, what + " is " + json.typeName(), "an object", "");
            return new Fields(new Problems(""), new Json.Obj(json.line(), json.column(), Map.of()), what);
        }
        object.members().forEach((name, member) -> {
            if (!allowed.contains(name)) {
                problems.errorAt(
                        FindingId.UNKNOWN_FIELD,
                        member.line(),
                        member.column(),
                        what + " has no field \"" + Problems.shorten(name) + "\"",
                        "one of " + allowed.stream().sorted().collect(Collectors.joining(", ")),
                        Suggest.nearest(name, allowed));
            }
        });
        return new Fields(problems, object, what);
    }

    Json self() {
        return object;
    }

    SourcePosition position() {
        return problems.at(object);
    }

    Optional<Json> optional(String name) {
        Json.Member member = object.members().get(name);
        return member == null ? Optional.empty() : Optional.of(member.value());
    }

    Optional<Json> required(String name) {
        Optional<Json> value = optional(name);
        if (value.isEmpty()) {
            problems.errorAt(
                    FindingId.MISSING_FIELD,
                    object.line(),
                    object.column(),
                    what + " lacks the field \"" + name + "\"",
                    "\"" + name + "\"",
                    "");
        }
        return value;
    }

    /** A string member that matches a pattern; {@code expected} says the pattern in words. */
    String text(String name, Pattern pattern, String expected) {
        return required(name).map(json -> text(json, name, pattern, expected)).orElse("");
    }

    String text(String name, Pattern pattern, String expected, String fallback) {
        return optional(name).map(json -> text(json, name, pattern, expected)).orElse(fallback);
    }

    String text(Json json, String name, Pattern pattern, String expected) {
        if (!(json instanceof Json.Text text)) {
            wrongType(json, name, "a string: " + expected);
            return "";
        }
        if (!pattern.matcher(text.value()).matches()) {
            problems.error(FindingId.MALFORMED, json, "bad \"" + name + "\" of " + what, expected, "");
            return "";
        }
        return text.value();
    }

    long integer(String name, long min, long max) {
        return required(name).map(json -> integer(json, name, min, max)).orElse(min);
    }

    long integer(String name, long min, long max, long fallback) {
        return optional(name).map(json -> integer(json, name, min, max)).orElse(fallback);
    }

    private long integer(Json json, String name, long min, long max) {
        if (!(json instanceof Json.Int number)) {
            wrongType(json, name, "an integer from " + min + " to " + max);
            return min;
        }
        return inRange(json, name, number.value(), min, max);
    }

    /** A size in bytes: an integer, or digits with K, M, G or T (powers of 1024). */
    long size(String name, long min, long max) {
        return required(name).map(json -> size(json, name, min, max)).orElse(min);
    }

    long size(String name, long min, long max, long fallback) {
        return optional(name).map(json -> size(json, name, min, max)).orElse(fallback);
    }

    private long size(Json json, String name, long min, long max) {
        return switch (json) {
            case Json.Int number -> inRange(json, name, number.value(), min, max);
            case Json.Text text -> {
                Matcher matcher = SIZE.matcher(text.value());
                if (!matcher.matches()) {
                    problems.error(
                            FindingId.MALFORMED,
                            json,
                            "bad \"" + name + "\" of " + what,
                            "a size such as 65536, \"64K\", \"16M\" or \"2G\"",
                            "");
                    yield min;
                }
                int shift = "KMGT".indexOf(matcher.group(2)) * 10 + 10;
                long digits = Long.parseLong(matcher.group(1));
                long bytes = matcher.group(2).isEmpty() ? digits : saturatedShift(digits, shift);
                yield inRange(json, name, bytes, min, max);
            }
            default -> {
                wrongType(json, name, "a size such as 65536, \"64K\", \"16M\" or \"2G\"");
                yield min;
            }
        };
    }

    private static long saturatedShift(long digits, int shift) {
        return digits > Long.MAX_VALUE >> shift ? Long.MAX_VALUE : digits << shift;
    }

    private long inRange(Json json, String name, long value, long min, long max) {
        if (value < min || value > max) {
            problems.error(
                    FindingId.OUT_OF_RANGE,
                    json,
                    "\"" + name + "\" of " + what + " is out of range",
                    min + " to " + max,
                    "");
            return min;
        }
        return value;
    }

    /** Reports a range error of another shape, such as "a power of two". */
    void outOfRange(String name, String expected) {
        optional(name)
                .ifPresent(json -> problems.error(
                        FindingId.OUT_OF_RANGE,
                        json,
                        "\"" + name + "\" of " + what + " is out of range",
                        expected,
                        ""));
    }

    <T extends Enum<T>> T choice(String name, T[] values, Function<T, String> jsonName, T fallback) {
        return optional(name)
                .map(json -> choice(json, name, values, jsonName, fallback))
                .orElse(fallback);
    }

    <T extends Enum<T>> T requiredChoice(String name, T[] values, Function<T, String> jsonName) {
        return required(name)
                .map(json -> choice(json, name, values, jsonName, values[0]))
                .orElse(values[0]);
    }

    private <T extends Enum<T>> T choice(Json json, String name, T[] values, Function<T, String> jsonName, T fallback) {
        List<String> names = Arrays.stream(values).map(jsonName).toList();
        String expected = "one of " + String.join(", ", names);
        if (!(json instanceof Json.Text text)) {
            wrongType(json, name, expected);
            return fallback;
        }
        int index = names.indexOf(text.value());
        if (index < 0) {
            problems.error(
                    FindingId.MALFORMED,
                    json,
                    "bad \"" + name + "\" of " + what,
                    expected,
                    Suggest.nearest(text.value(), names));
            return fallback;
        }
        return values[index];
    }

    /** The items of an array member; none where it is absent or no array. */
    List<Json> items(String name, boolean required, int max) {
        return (required ? required(name) : optional(name))
                .map(json -> items(json, name, max))
                .orElse(List.of());
    }

    private List<Json> items(Json json, String name, int max) {
        if (!(json instanceof Json.Arr array)) {
            wrongType(json, name, "an array");
            return List.of();
        }
        if (array.items().size() > max) {
            problems.error(
                    FindingId.OUT_OF_RANGE,
                    json,
                    "\"" + name + "\" of " + what + " has " + array.items().size() + " items",
                    "at most " + max,
                    "");
            return List.of();
        }
        return array.items();
    }

    private void wrongType(Json json, String name, String expected) {
        problems.error(
                FindingId.WRONG_TYPE, json, "\"" + name + "\" of " + what + " is " + json.typeName(), expected, "");
    }
}
