package dev.cloister.policy.alloy;

import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Alloy text in the making. */
final class ModelText {
    private final StringBuilder text = new StringBuilder();
    private final Map<String, List<String>> tables = new HashMap<>();

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

    /** Appends a signature with exactly one atom. */
    void atom(String name, String parent) {
        text.append("one sig ").append(name).append(" extends ").append(parent).append(" {}\n");
    }

    /** Adds a row to a field's table: what the field of an atom consists of. */
    void row(String field, String atom, Collection<String> values) {
        List<String> rows = tables.computeIfAbsent(field, _ -> new ArrayList<>());
        if (values.size() == 1) {
            rows.add(atom + " -> " + values.iterator().next());
        } else if (!values.isEmpty()) {
            rows.add(atom + " -> (" + String.join(" + ", values) + ")");
        }
    }

    /** Adds a row to the table of a field that has one value for each atom. */
    void row(String field, String atom, String value) {
        row(field, atom, List.of(value));
    }

    /** Appends the tables of some fields as a fact: these rows and no others. Alloy takes one equation for a field faster than many. */
    void tables(String name, String... fields) {
        text.append("\nfact ").append(name).append(" {\n");
        for (String field : fields) {
            is(field, tables.getOrDefault(field, List.of()));
        }
        text.append("}\n");
    }

    /** States within a fact what a field or a set consists of. */
    void is(String name, Collection<String> rows) {
        if (rows.isEmpty()) {
            text.append("  no ").append(name).append('\n');
        } else {
            text.append("  ")
                    .append(name)
                    .append(" =\n    ")
                    .append(String.join("\n    + ", rows))
                    .append('\n');
        }
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
