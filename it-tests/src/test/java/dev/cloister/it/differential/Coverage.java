package dev.cloister.it.differential;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

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

    /** A report lists forms with fewer cases than this, or than ENOUGH. */
    void want(long cases) {
        wanted = Math.min(cases, ENOUGH);
    }

    Row row(String form) {
        return rows.computeIfAbsent(form, f -> new Row());
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
}
