package dev.cloister.cli.testgen;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.cli.text.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Prints the judgement: by pair for people, by check for programs. */
public final class Verdicts {
    private static final int MOST_ROWS = 60;

    private final Suite suite;
    private final List<Judge.Finding> findings;

    /** The judgement on every check of a suite. */
    public Verdicts(Suite suite, List<Judge.Finding> findings) {
        this.suite = suite;
        this.findings = List.copyOf(findings);
    }

    /** Tells whether everything was as expected, and something was tried. */
    public boolean passed() {
        return !findings.isEmpty() && findings.stream().allMatch(Judge.Finding::passed);
    }

    /** What is counted for a pair. */
    private static final class Row {
        private final StringBuilder flows = new StringBuilder();
        private int checks;
        private int granted;
        private int failed;

        private void count(Judge.Finding finding) {
            checks++;
            granted += finding.check().granted() ? 1 : 0;
            failed += finding.passed() ? 0 : 1;
            if (finding.check().deed() == Check.Deed.USE) {
                flows.append(flows.isEmpty() ? "" : " ").append(finding.check().flow());
            }
        }

        private boolean interesting() {
            return failed > 0 || !flows.isEmpty();
        }

        private String result() {
            return failed == 0 ? "ok" : "FAILED " + failed;
        }
    }

    /** Prints a table of pairs, what failed, and the coverage. */
    public void print(PrintWriter out) {
        table(out);
        List<Judge.Finding> failed =
                findings.stream().filter(finding -> !finding.passed()).toList();
        failed.forEach(finding -> Lines.wrap(out, "FAILED ", failure(finding)));
        out.println(findings.size() + " checks, " + failed.size() + " failed; "
                + suite.coverage().text());
        suite.coverage().untested().forEach(line -> Lines.wrap(out, "not tested: ", line));
    }

    private void table(PrintWriter out) {
        Map<String, Row> rows = new LinkedHashMap<>();
        for (Judge.Finding finding : findings) {
            Check check = finding.check();
            String pair = check.deed() == Check.Deed.START ? check.from() : check.from() + " -> " + check.to();
            rows.computeIfAbsent(pair, _ -> new Row()).count(finding);
        }
        Table table = new Table("PAIR", "FLOWS", ">CHECKS", ">GRANTED", ">REFUSED", "RESULT");
        boolean all = rows.size() <= MOST_ROWS;
        int quiet = 0;
        for (Map.Entry<String, Row> each : rows.entrySet()) {
            Row row = each.getValue();
            if (all || row.interesting()) {
                table.row(each.getKey(), row.flows, row.checks, row.granted, row.checks - row.granted, row.result());
            } else {
                quiet++;
            }
        }
        table.lines().forEach(out::println);
        if (quiet > 0) {
            out.println(quiet + " more without a flow or a failure");
        }
    }

    private static String failure(Judge.Finding finding) {
        Check check = finding.check();
        String by = check.gate().isEmpty() ? "" : " by gate " + check.gate();
        String says = check.says().isEmpty() ? "" : " (" + check.says() + ")";
        return "check " + check.number() + ", " + check.from() + " -> " + check.to() + ", " + check.title()
                + ": expected " + check.expected() + by + says + "; seen: " + finding.seen();
    }

    /** Returns the judgement as JSON. */
    public String json() {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("policy", suite.policy());
            json.writeStringField("digest", suite.digest());
            json.writeBooleanField("passed", passed());
            coverage(json, suite.coverage());
            json.writeArrayFieldStart("checks");
            for (Judge.Finding finding : findings) {
                json.writeStartObject();
                check(json, finding.check());
                json.writeStringField("seen", finding.seen());
                json.writeBooleanField("passed", finding.passed());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    static void check(JsonGenerator json, Check check) throws IOException {
        json.writeNumberField("check", check.number());
        json.writeNumberField("batch", check.batch());
        json.writeStringField("deed", check.deed().jsonName());
        json.writeStringField("actor", check.actor());
        json.writeStringField("from", check.from());
        json.writeStringField("to", check.to());
        json.writeStringField("kind", check.kind());
        json.writeStringField("flow", check.flow());
        json.writeStringField("expected", check.expected());
        json.writeStringField("gate", check.gate());
        json.writeStringField("says", check.says());
    }

    static void coverage(JsonGenerator json, Suite.Coverage coverage) throws IOException {
        json.writeObjectFieldStart("coverage");
        json.writeNumberField("pairs", coverage.pairs());
        json.writeNumberField("pairsTested", coverage.pairsTested());
        json.writeNumberField("flows", coverage.flows());
        json.writeNumberField("flowsTested", coverage.flowsTested());
        JsonText.strings(json, "untested", coverage.untested());
        json.writeEndObject();
    }
}
