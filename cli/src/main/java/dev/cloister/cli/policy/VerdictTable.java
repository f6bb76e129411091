package dev.cloister.cli.policy;

import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.DomainVerdict;
import java.io.PrintWriter;
import java.util.List;

/** The verdict on each domain as a table. */
final class VerdictTable {
    private VerdictTable() {}

    /** Prints it in 80 columns. */
    static void print(PrintWriter out, List<DomainVerdict> verdicts) {
        Table table = new Table("DOMAIN", "VERDICT", "LEAKS", "RECEIVES", "BECAUSE OF");
        for (DomainVerdict verdict : verdicts) {
            table.row(
                    verdict.domain().name(),
                    verdict.verdict().label(),
                    verdict.leaks() ? "yes" : "no",
                    verdict.receives() ? "yes" : "no",
                    verdict.because());
        }
        out.println();
        table.lines().forEach(out::println);
    }
}
