package dev.cloister.policy.language;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.SourcePosition;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Typed access to the members of one JSON object. Whatever is wrong is reported and replaced by a harmless value, so
 * that one pass finds every problem; nothing is compiled when there was an error.
 */
final class Fields {
    private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}");

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
            // What an empty object lacks is not worth telling.
            return new Fields(new Problems(""), new Json.Obj(json.line(), json.column(), new Members()), what);
        }
        object.members().forEach((name, member) -> {
            if (!allowed.contains(name)) {
                problems.errorAt(
                        FindingId.UNKNOWN_FIELD,
                        member.line(),
                        member.column(),
                        what + " has no field \"" + Problems.shorten(name) + "\"",
                        "one of " + allowed.stream().sorted().collect(Collectors.joining(", ")),
                        problems.nearest(name, allowed));
            }
        });
        return new Fields(problems, object, what);
    }

    /** Opens a value of the same file. */
    Fields open(Json json, String name, Set<String> allowed) {
        return of(json, name, allowed, problems);
    }

    /** Returns the object itself. */
    Json.Obj self() {
        return object;
    }

    /** Returns what the object is, in words. */
    String what() {
        return what;
    }

    Problems problems() {
        return problems;
    }

    SourcePosition position() {
        return problems.at(object);
    }

    boolean has(String name) {
        return object.members().get(name).isPresent();
    }

    Optional<Json> optional(String name) {
        return object.members().get(name).map(Json.Member::value);
    }

    Optional<Json> required(String name) {
        Optional<Json> value = optional(name);
        if (value.isEmpty()) {
            missing(name, "\"" + name + "\"");
        }
        return value;
    }

    /** Reports that a member is missing. */
    void missing(String name, String expected) {
        problems.errorAt(
                FindingId.MISSING_FIELD,
                object.line(),
                object.column(),
                what + " lacks the field \"" + name + "\"",
                expected,
                "");
    }

    /** Reports an error about a value. */
    void error(FindingId id, Json at, String message, String expected, String suggestion) {
        problems.error(id, at, message, expected, suggestion);
    }

    /** A string member of a form. */
    String text(String name, TextForm form) {
        return required(name).map(json -> text(json, name, form)).orElse("");
    }

    String text(String name, TextForm form, String fallback) {
        return optional(name).map(json -> text(json, name, form)).orElse(fallback);
    }

    /** A value that must be a string of a form; {@code name} is the member that it is, or is in. */
    String text(Json json, String name, TextForm form) {
        if (!(json instanceof Json.Text text)) {
            wrongType(json, name, "a string: " + form.words());
            return "";
        }
        if (!form.matches(text.value())) {
            malformed(json, name, form.words(), "");
            return "";
        }
        return text.value();
    }

    /** The author's words about the object, if any. */
    String description() {
        return text("description", TextForm.FREE, "");
    }

    boolean bool(String name, boolean fallback) {
        Optional<Json> json = optional(name);
        if (json.isPresent() && !(json.get() instanceof Json.Bool)) {
            wrongType(json.get(), name, "true or false");
        }
        return json.isPresent() && json.get() instanceof Json.Bool bool ? bool.value() : fallback;
    }

    long integer(String name, long min, long max) {
        return required(name).map(json -> integer(json, name, min, max)).orElse(min);
    }

    long integer(String name, long min, long max, long fallback) {
        return optional(name).map(json -> integer(json, name, min, max)).orElse(fallback);
    }

    long integer(Json json, String name, long min, long max) {
        if (!(json instanceof Json.Int number)) {
            wrongType(json, name, "an integer from " + min + " to " + max);
            return min;
        }
        return inRange(json, name, number.value(), min, max, min + " to " + max);
    }

    /** A size in bytes: an integer, or digits with K, M, G or T (powers of 1024). */
    long size(String name, long min, long max) {
        return required(name).map(json -> size(json, name, min, max)).orElse(min);
    }

    long size(String name, long min, long max, long fallback) {
        return optional(name).map(json -> size(json, name, min, max)).orElse(fallback);
    }

    long size(Json json, String name, long min, long max) {
        OptionalLong bytes = switch (json) {
            case Json.Int number -> OptionalLong.of(number.value());
            case Json.Text text -> Quantities.bytes(text.value());
            default -> {
                wrongType(json, name, Quantities.SIZE_WORDS);
                yield OptionalLong.of(min);
            }
        };
        if (bytes.isEmpty()) {
            malformed(json, name, Quantities.SIZE_WORDS, "");
            return min;
        }
        return json instanceof Json.Int || json instanceof Json.Text
                ? inRange(json, name, bytes.getAsLong(), min, max, min + " to " + max)
                : min;
    }

    /** A duration in nanoseconds. */
    long duration(String name, long min, long max) {
        return required(name).map(json -> duration(json, name, min, max)).orElse(min);
    }

    long duration(String name, long min, long max, long fallback) {
        return optional(name).map(json -> duration(json, name, min, max)).orElse(fallback);
    }

    private long duration(Json json, String name, long min, long max) {
        if (!(json instanceof Json.Text text)) {
            wrongType(json, name, Quantities.DURATION_WORDS);
            return min;
        }
        OptionalLong nanos = Quantities.nanos(text.value());
        if (nanos.isEmpty()) {
            malformed(json, name, Quantities.DURATION_WORDS, "");
            return min;
        }
        String range = Quantities.duration(min) + " to " + Quantities.duration(max);
        return inRange(json, name, nanos.getAsLong(), min, max, range);
    }

    /** A day of the calendar, where it is stated. */
    Optional<LocalDate> date(String name) {
        return optional(name).flatMap(json -> date(json, name));
    }

    private Optional<LocalDate> date(Json json, String name) {
        if (!(json instanceof Json.Text text)) {
            wrongType(json, name, "a day such as \"2027-01-31\"");
            return Optional.empty();
        }
        try {
            if (DATE.matcher(text.value()).matches()) {
                return Optional.of(LocalDate.parse(text.value()));
            }
        } catch (DateTimeException _) {
            // A day that no calendar has is reported like any other text that is no day.
        }
        malformed(json, name, "a day such as \"2027-01-31\"", "");
        return Optional.empty();
    }

    private long inRange(Json json, String name, long value, long min, long max, String range) {
        if (value < min || value > max) {
            problems.error(FindingId.OUT_OF_RANGE, json, "\"" + name + "\" of " + what + " is out of range", range, "");
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
                .flatMap(json -> choice(json, name, values, jsonName))
                .orElse(fallback);
    }

    /** One of several words; nothing where it is missing or none of them. */
    <T extends Enum<T>> Optional<T> requiredChoice(String name, T[] values, Function<T, String> jsonName) {
        return required(name).flatMap(json -> choice(json, name, values, jsonName));
    }

    <T extends Enum<T>> Optional<T> choice(Json json, String name, T[] values, Function<T, String> jsonName) {
        if (json instanceof Json.Text text) {
            for (T value : values) {
                if (jsonName.apply(value).equals(text.value())) {
                    return Optional.of(value);
                }
            }
        }
        List<String> names = Arrays.stream(values).map(jsonName).toList();
        String expected = "one of " + String.join(", ", names);
        if (json instanceof Json.Text text) {
            malformed(json, name, expected, Suggest.nearest(text.value(), names));
        } else {
            wrongType(json, name, expected);
        }
        return Optional.empty();
    }

    /** The items of an array member; none where it is absent or no array. */
    List<Json> items(String name, boolean required, int max) {
        return (required ? required(name) : optional(name))
                .map(json -> items(json, name, max))
                .orElse(List.of());
    }

    List<Json> items(Json json, String name, int max) {
        if (!(json instanceof Json.Arr array)) {
            wrongType(json, name, "an array");
            return List.of();
        }
        return bounded(array, name, max);
    }

    /** The items of an array of which there must be some; an empty one is reported. */
    List<Json> someItems(Json json, String name, int max) {
        if (json instanceof Json.Arr array && array.items().isEmpty()) {
            none(json, name);
        }
        return items(json, name, max);
    }

    /** A value, or those of an array of which there must be some. */
    List<Json> oneOrMore(Json json, String name, int max) {
        return json instanceof Json.Arr ? someItems(json, name, max) : List.of(json);
    }

    /** Reports that an array is empty. */
    void none(Json json, String name) {
        problems.error(
                FindingId.OUT_OF_RANGE, json, "\"" + name + "\" of " + what + " is empty", "at least one item", "");
    }

    private List<Json> bounded(Json.Arr array, String name, int max) {
        if (array.items().size() > max) {
            problems.error(
                    FindingId.OUT_OF_RANGE,
                    array,
                    "\"" + name + "\" of " + what + " has " + array.items().size() + " items",
                    "at most " + max,
                    "");
            return List.of();
        }
        return array.items();
    }

    /** Reports a value that has not the form expected. */
    void malformed(Json json, String name, String expected, String suggestion) {
        problems.error(FindingId.MALFORMED, json, "bad \"" + name + "\" of " + what, expected, suggestion);
    }

    /** Reports a value of the wrong type. */
    void wrongType(Json json, String name, String expected) {
        problems.error(
                FindingId.WRONG_TYPE, json, "\"" + name + "\" of " + what + " is " + json.typeName(), expected, "");
    }
}
