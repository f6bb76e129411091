package dev.cloister.cli.run;

import dev.cloister.cli.text.ByteSize;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.TypeConversionException;

/**
 * An option's text whose parts stand between commas: names with values ({@code serial=S}) and bare names ({@code ro}). Who reads it takes
 * each part that it knows; {@link #end} refuses the others. Of a part that is given twice the last counts.
 */
final class OptionParts {
    private static final char EQUALS = '=';

    private final String text;
    private final String form;
    /** By name; that of a part with a value ends in {@link #EQUALS}. */
    private final Map<String, String> parts = new LinkedHashMap<>();

    private String head = "";

    private OptionParts(String text, String form) {
        this.text = text;
        this.form = form;
    }

    /**
     * Reads parts that all have names.
     *
     * @param text the option's text
     * @param form what is expected, for messages
     */
    static OptionParts named(String text, String form) {
        OptionParts made = new OptionParts(text, form);
        for (String part : text.split(",")) {
            made.put(part);
        }
        return made;
    }

    /**
     * Reads parts of which the first is a value by itself, such as a path.
     *
     * @param text the option's text
     * @param form what is expected, for messages
     * @throws TypeConversionException if the first is empty
     */
    static OptionParts behind(String text, String form) {
        OptionParts made = new OptionParts(text, form);
        String[] all = text.split(",");
        if (all.length == 0 || all[0].isEmpty()) {
            throw made.wrong(text);
        }
        made.head = all[0];
        for (int i = 1; i < all.length; i++) {
            made.put(all[i]);
        }
        return made;
    }

    private void put(String part) {
        int equals = part.indexOf(EQUALS);
        int name = equals < 0 ? part.length() : equals + 1;
        parts.put(part.substring(0, name), part.substring(name));
    }

    /** The first part of a text that begins with a value. */
    String head() {
        return head;
    }

    /** Takes a bare name; whether it is there. */
    boolean flag(String name) {
        return parts.remove(name) != null;
    }

    /** Takes a name's value, if it is there. */
    Optional<String> text(String name) {
        return Optional.ofNullable(parts.remove(name + EQUALS));
    }

    /** Takes the value of a name that must be there, and not be empty. */
    String required(String name) {
        return text(name).filter(value -> !value.isEmpty()).orElseThrow(() -> wrong(text));
    }

    /**
     * Takes a number.
     *
     * @param most the largest that is allowed; the least is 0
     * @param otherwise what it is where the name isn't there
     */
    long number(String name, long most, long otherwise) {
        return text(name).map(value -> number(value, most)).orElse(otherwise);
    }

    private static long number(String value, long most) {
        if (!value.matches("[0-9]{1,18}") || Long.parseLong(value) > most) {
            throw new TypeConversionException("'" + value + "' is not a number from 0 to " + most);
        }
        return Long.parseLong(value);
    }

    /** Takes a size in bytes, which may have {@code /s} behind it; 0 where the name isn't there. */
    long size(String name) {
        return text(name)
                .map(value -> new ByteSize().convert(value.replaceFirst("/s$", "")))
                .orElse(0L);
    }

    /**
     * Makes what all parts together say, having checked that there are no others.
     *
     * @param make takes what it needs, and may refuse values by an {@link IllegalArgumentException}
     * @throws TypeConversionException for a part that nobody has taken, or for values that were refused; the message says which
     */
    <T> T end(Supplier<T> make) {
        T made;
        try {
            made = make.get();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
        if (!parts.isEmpty()) {
            Map.Entry<String, String> part = parts.entrySet().iterator().next();
            throw wrong(part.getKey() + part.getValue());
        }
        return made;
    }

    /** What to throw because of a part, or of all. */
    TypeConversionException wrong(String part) {
        String where = part.equals(text) ? "" : "'" + part + "' in ";
        return new TypeConversionException(where + "'" + text + "': expected " + form);
    }
}
