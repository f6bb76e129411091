package dev.cloister.it.differential;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Generates cases of the test kernel, runs them on the emulator and on another machine, and keeps what differs. One thread. */
final class SystemCampaign {
    private static final int KEPT_PER_GROUP = 2;

    /** One line of the report. */
    private static final class Row {
        int cases;
        int compared;
        int refusedHere;
        int refusedThere;
        int permitted;
        int differed;
    }

    private final long seed;
    private final SystemMachine other;
    private final SystemSuite suite;
    private final SystemMachine emulated;
    private final Map<String, Row> rows = new TreeMap<>();
    private final Map<String, Integer> refusals = new TreeMap<>();
    private final Map<String, List<String>> failures = new LinkedHashMap<>();
    private final Map<String, Integer> permitted = new TreeMap<>();

    /**
     * Makes a campaign.
     *
     * @param suite what makes and judges the cases
     * @param other the machine that the emulator is compared with
     */
    SystemCampaign(long seed, SystemSuite suite, SystemMachine other) {
        this.seed = seed;
        this.suite = suite;
        emulated = suite.emulated();
        this.other = other;
    }

    /**
     * Gives each form in each mode some cases.
     *
     * @param forms searched in a form's name
     * @param modes searched in a mode's name
     * @param each cases of each form in each mode
     */
    void run(String forms, String modes, int each) throws IOException {
        List<SystemCase> batch = new ArrayList<>();
        for (SystemCase c : suite.generate(new SystemSuite.Wanted(seed, forms, modes, each))) {
            batch.add(c);
            if (batch.size() == SystemPlace.BATCH) {
                work(batch);
            }
        }
        work(batch);
    }

    private Row row(SystemCase c) {
        return rows.computeIfAbsent(c.group, g -> new Row());
    }

    private void work(List<SystemCase> batch) throws IOException {
        List<SystemOutcome> mine = emulated.run(batch);
        List<SystemCase> sound = new ArrayList<>();
        List<SystemOutcome> ours = new ArrayList<>();
        for (int n = 0; n < batch.size(); n++) {
            Row row = row(batch.get(n));
            row.cases++;
            if (mine.get(n).isRefused()) {
                row.refusedHere++;
                refusals.merge("emulator: " + mine.get(n).refused(), 1, Integer::sum);
            } else {
                sound.add(batch.get(n));
                ours.add(mine.get(n));
            }
        }
        List<SystemOutcome> theirs = other.run(sound);
        for (int n = 0; n < sound.size(); n++) {
            judge(sound.get(n), ours.get(n), theirs.get(n));
        }
        batch.clear();
    }

    private void judge(SystemCase c, SystemOutcome mine, SystemOutcome their) {
        Row row = row(c);
        if (their.isRefused()) {
            row.refusedThere++;
            refusals.merge("other: " + their.refused() + " in " + c.group, 1, Integer::sum);
            return;
        }
        row.compared++;
        List<String> differences = suite.differences(c, mine, their);
        if (differences.isEmpty()) {
            return;
        }
        String why = suite.why(c, mine, their, differences);
        if (!why.isEmpty()) {
            row.permitted++;
            permitted.merge(why, 1, Integer::sum);
            return;
        }
        row.differed++;
        List<String> kept = failures.computeIfAbsent(c.group, g -> new ArrayList<>());
        if (kept.size() < KEPT_PER_GROUP) {
            kept.add(c.describe() + "\n    " + String.join("\n    ", differences));
        }
    }

    /** What differed and isn't permitted. */
    List<String> failures() {
        return failures.values().stream().flatMap(List::stream).toList();
    }

    /** The table of groups, what was refused, what was permitted, and the differences. */
    String report() {
        StringBuilder text = new StringBuilder(String.format(
                "%-34s %7s %9s %8s %8s %10s %8s%n",
                "mode and form", "cases", "compared", "dropped", "refused", "permitted", "differ"));
        Row sum = new Row();
        rows.forEach((group, r) -> {
            line(text, group, r);
            sum.cases += r.cases;
            sum.compared += r.compared;
            sum.refusedHere += r.refusedHere;
            sum.refusedThere += r.refusedThere;
            sum.permitted += r.permitted;
            sum.differed += r.differed;
        });
        line(text, "all, seed " + seed, sum);
        refusals.forEach((why, count) -> text.append(String.format("%6d %s%n", count, why)));
        permitted.forEach((why, count) -> text.append(String.format("%6d permitted: %s%n", count, why)));
        failures().forEach(f -> text.append(f).append('\n'));
        return text.toString();
    }

    private static void line(StringBuilder text, String group, Row r) {
        text.append(String.format(
                "%-34s %7d %9d %8d %8d %10d %8d%n",
                group, r.cases, r.compared, r.refusedHere, r.refusedThere, r.permitted, r.differed));
    }
}
