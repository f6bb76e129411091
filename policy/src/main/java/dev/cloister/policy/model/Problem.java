package dev.cloister.policy.model;

import java.util.Locale;

/**
 * One finding about a policy: an error that keeps it from being loaded, a warning, or a note.
 *
 * @param id stable identifier, such as {@code CLP004}; see docs/policy-reference.md
 * @param severity how bad it is
 * @param file the policy file as the user named it
 * @param line 1-based line, 0 when the finding is about the whole file
 * @param column 1-based column, 0 when the finding is about the whole file
 * @param message what is wrong
 * @param value the value found, shortened; empty when there is none
 * @param expected what was expected; empty when the message says it all
 * @param suggestion what to do; empty when nothing sensible can be proposed
 */
public record Problem(
        FindingId id,
        Severity severity,
        String file,
        int line,
        int column,
        String message,
        String value,
        String expected,
        String suggestion) {

    /** How bad a finding is. */
    public enum Severity {
        /** The policy can't be loaded. */
        ERROR,
        /** The policy loads, but probably doesn't say what its author meant. */
        WARNING,
        /** Something that a reader of the policy should know. */
        NOTE;

        /** Returns the name in lower case, as printed. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Returns whether this finding keeps the policy from being loaded. */
    public boolean isError() {
        return severity == Severity.ERROR;
    }

    /** Returns one line: position, severity, id, message, value, expectation and suggestion. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(160).append(file);
        if (line > 0) {
            text.append(':').append(line).append(':').append(column);
        }
        text.append(": ")
                .append(severity.label())
                .append(' ')
                .append(id)
                .append(": ")
                .append(message);
        append(text, "; found ", value);
        append(text, "; expected ", expected);
        append(text, "; ", suggestion);
        return text.toString();
    }

    private static void append(StringBuilder text, String lead, String part) {
        if (!part.isEmpty()) {
            text.append(lead).append(part);
        }
    }
}
