package dev.cloister.policy.language;

import java.util.List;

/** A JSON value that knows where it stands. */
sealed interface Json {
    /** 1-based line of its first character. */
    int line();

    /** 1-based column of its first character. */
    int column();

    /** An object; members keep their order. */
    record Obj(int line, int column, Members members) implements Json {}

    /** A member: position of its name, and its value. */
    record Member(int line, int column, Json value) {}

    /** An array. */
    record Arr(int line, int column, List<Json> items) implements Json {}

    /** A string. */
    record Text(int line, int column, String value) implements Json {}

    /** A number that is an integer and fits a long. */
    record Int(int line, int column, long value) implements Json {}

    /** A number that isn't. */
    record Real(int line, int column, String text) implements Json {}

    /** True or false. */
    record Bool(int line, int column, boolean value) implements Json {}

    /** Null. */
    record Null(int line, int column) implements Json {}

    /** Names the type with its article, for messages. */
    default String typeName() {
        return switch (this) {
            case Obj _ -> "an object";
            case Arr _ -> "an array";
            case Text _ -> "a string";
            case Int _ -> "an integer";
            case Real _ -> "a number";
            case Bool _ -> "a boolean";
            case Null _ -> "null";
        };
    }

    /** Shows the value as written, as far as that is short. */
    default String shown() {
        return switch (this) {
            case Obj _, Arr _ -> typeName();
            case Text text -> '"' + Problems.shorten(text.value()) + '"';
            case Int number -> Long.toString(number.value());
            case Real number -> Problems.shorten(number.text());
            case Bool bool -> Boolean.toString(bool.value());
            case Null _ -> "null";
        };
    }
}
