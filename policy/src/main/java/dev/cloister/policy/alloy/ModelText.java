package dev.cloister.policy.alloy;

import dev.cloister.policy.model.SourcePosition;
import java.util.Collection;

/** Alloy text in the making. */
final class ModelText {
    private static final int WIDTH = 110;

    private final StringBuilder text = new StringBuilder();

    /** Appends a heading. */
    void heading(String words) {
        text.append("\n/* ---- ").append(comment(words)).append(" ---- */\n");
    }

    /** Appends a comment line that names a place in the policy. */
    void at(SourcePosition position, String words) {
        text.append("\n// ").append(oneLine(position.toString()));
        if (!words.isEmpty()) {
            text.append("  ").append(oneLine(words));
        }
        text.append('\n');
    }

    /** Begins a signature with exactly one atom. */
    void begin(String name, String parent) {
        text.append("one sig ").append(name).append(" extends ").append(parent).append(" {} {\n");
    }

    /** Ends a signature. */
    void end() {
        text.append("}\n");
    }

    /** Appends a signature without fields. */
    void atom(String name, String parent) {
        text.append("one sig ").append(name).append(" extends ").append(parent).append(" {}\n");
    }

    /** States what a field of the signature, or a set, consists of. */
    void is(String field, Collection<String> values) {
        if (values.isEmpty()) {
            text.append("  no ").append(field).append('\n');
            return;
        }
        StringBuilder line = new StringBuilder("  " + field + " = ");
        String separator = "";
        for (String value : values) {
            if (line.length() + separator.length() + value.length() > WIDTH) {
                text.append(line).append('\n');
                line = new StringBuilder("   ");
            }
            line.append(separator).append(value);
            separator = " + ";
        }
        text.append(line).append('\n');
    }

    /** States what a field is. */
    void is(String field, String value) {
        text.append("  ").append(field).append(" = ").append(value).append('\n');
    }

    /** Appends a line as it is. */
    void line(String line) {
        text.append(line).append('\n');
    }

    /** Returns a text that can't end a block comment. */
    static String comment(String words) {
        return oneLine(words).replace("*/", "* /");
    }

    private static String oneLine(String words) {
        return words.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", " ");
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
