package dev.cloister.it.differential;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How many cases each form has had, and what became of them. One thread. */
final class Coverage {
    /** What every form shall have. */
    static final int ENOUGH = 200;

    /** Counts of one form. */
    static final class Row {
        long compared;
        long differing;
        /** Where KVM, not the emulator, differs from the processor. */
        long deviating;

        long unsupported;
        long refused;
        long endless;
        long notEncoded;
        String reason = "";
    }

    private long wanted = ENOUGH;
    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final Map<String, String> leftOut = new TreeMap<>();
    private final Map<String, String> groups = new LinkedHashMap<>();

    /** A report lists forms with fewer cases than this, or than ENOUGH. */
    void want(long cases) {
        wanted = Math.min(cases, ENOUGH);
    }

    Row row(String form) {
        return rows.computeIfAbsent(form, f -> new Row());
    }

    /** Says to which group of the closing table a form belongs. */
    void group(String form, String group) {
        groups.put(form, group);
    }

    void leaveOut(String form, String why) {
        leftOut.put(form, why);
    }

    long compared() {
        return rows.values().stream().mapToLong(row -> row.compared).sum();
    }

    long withEnough() {
        return rows.values().stream().filter(row -> row.compared >= ENOUGH).count();
    }

    /** Every form by what became of it: those with enough in one line, the others each with the reason. */
    String report() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "%d forms: %d compared, %d of them at least %d times; %d left out%n",
                rows.size() + leftOut.size(),
                rows.values().stream().filter(row -> row.compared > 0).count(),
                withEnough(),
                ENOUGH,
                leftOut.size()));
        rows.forEach((form, row) -> {
            if (row.compared < wanted || row.differing > 0) {
                text.append(String.format(
                        "  %-40s compared %d, differ %d, KVM deviates %d, not implemented %d, refused by KVM %d,"
                                + " endless %d, no encoding %d%s%n",
                        form,
                        row.compared,
                        row.differing,
                        row.deviating,
                        row.unsupported,
                        row.refused,
                        row.endless,
                        row.notEncoded,
                        row.reason.isEmpty() ? "" : ": " + row.reason));
            }
        });
        leftOut.forEach((form, why) -> text.append(String.format("  %-40s left out: %s%n", form, why)));
        return text.toString();
    }

    /** A line for each group of forms: how many, how many of them with enough, comparisons in all, the fewest of one form. */
    String table() {
        Map<String, List<String>> members = new TreeMap<>();
        groups.forEach((form, group) ->
                members.computeIfAbsent(group, g -> new ArrayList<>()).add(form));
        StringBuilder text = new StringBuilder(String.format(
                "%-14s %6s %8s %12s %8s %8s %12s%n",
                "group", "forms", ">= " + ENOUGH, "compared", "fewest", "differ", "KVM deviates"));
        members.forEach((group, forms) -> {
            List<Row> all = forms.stream().map(this::row).toList();
            text.append(String.format(
                    "%-14s %6d %8d %12d %8d %8d %12d%n",
                    group,
                    all.size(),
                    all.stream().filter(row -> row.compared >= ENOUGH).count(),
                    all.stream().mapToLong(row -> row.compared).sum(),
                    all.stream().mapToLong(row -> row.compared).min().orElse(0),
                    all.stream().mapToLong(row -> row.differing).sum(),
                    all.stream().mapToLong(row -> row.deviating).sum()));
        });
        return text.toString();
    }

    /** The counts of every form as JSON: an array of objects, in the order of the form tables. */
    String json() {
        return groups.keySet().stream().map(this::json).collect(Collectors.joining(",\n  ", "[\n  ", "\n]"));
    }

    private String json(String form) {
        Row row = row(form);
        return String.format(
                "{\"form\": \"%s\", \"group\": \"%s\", \"compared\": %d, \"differing\": %d, \"kvmDeviates\": %d,"
                        + " \"notExecuted\": %d, \"refused\": %d, \"endless\": %d}",
                form,
                groups.get(form),
                row.compared,
                row.differing,
                row.deviating,
                row.unsupported,
                row.refused,
                row.endless);
    }
}
