package dev.cloister.cli.policy;

import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.DomainVerdicts;
import dev.cloister.policy.analysis.Finding;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem.Severity;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy check}. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Checks a policy: every analysis, each finding with its place and what to do.",
        footer = {
            "",
            "Exits 0 if the policy may be enforced, 65 if not. docs/analyses explains each finding.",
            "",
            "Examples:",
            "  cloister policy check examples/quickstart/policy.json",
            "  cloister policy check --severity warning --as-of 2027-01-01 policy.json",
        })
final class CheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--json", description = "print the findings as JSON")
    private boolean json;

    @Option(names = "--verdicts", description = "print the verdict on each domain as a table as well")
    private boolean verdicts;

    @Option(
            names = "--severity",
            paramLabel = "LEVEL",
            defaultValue = "NOTE",
            description = "print only findings this bad or worse: ${COMPLETION-CANDIDATES}")
    private Severity severity;

    @Option(
            names = "--as-of",
            paramLabel = "DATE",
            description = "look at windows and accepted risks as of this day (yyyy-mm-dd) instead of today")
    private LocalDate asOf;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try {
            Policy policy = PolicyLoader.parse(file);
            PolicyCheck.Report report = PolicyCheck.check(policy, asOf());
            List<Finding> shown = shown(report.details());
            if (json) {
                out.println(json(report.passed(), policy.digest(), report.analyses(), shown));
            } else {
                text(out, policy, report, shown);
                if (verdicts) {
                    VerdictTable.print(out, DomainVerdicts.of(policy, asOf()));
                }
            }
            return report.passed() ? ExitCodes.OK : ExitCodes.BAD_INPUT;
        } catch (PolicyException e) {
            List<Finding> shown =
                    shown(e.problems().stream().map(FindingText::of).toList());
            if (json) {
                out.println(json(false, "", List.of(), shown));
            } else {
                shown.forEach(finding -> FindingText.print(out, finding.problem()));
                out.println(file + ": can't be loaded");
            }
            return ExitCodes.BAD_INPUT;
        }
    }

    private Optional<LocalDate> asOf() {
        return Optional.of(asOf == null ? LocalDate.now() : asOf);
    }

    private List<Finding> shown(List<Finding> all) {
        return all.stream()
                .filter(finding -> finding.problem().severity().compareTo(severity) <= 0)
                .toList();
    }

    private static void text(PrintWriter out, Policy policy, PolicyCheck.Report report, List<Finding> shown) {
        Table table = new Table("ANALYSIS", "CHECKED", ">EXAMINED", "RESULT");
        for (PolicyCheck.Result result : report.analyses()) {
            table.row(result.id(), result.title(), result.examined(), words(result));
        }
        table.lines().forEach(out::println);
        for (Finding finding : shown) {
            out.println();
            FindingText.print(out, finding.problem());
        }
        out.println();
        int hidden = report.details().size() - shown.size();
        if (hidden > 0) {
            out.println(hidden + (hidden == 1 ? " finding is" : " findings are") + " less severe and not shown");
        }
        out.println("digest " + policy.digest());
        out.println(policy.file() + (report.passed() ? ": may be enforced" : ": can't be enforced"));
    }

    private static String words(PolicyCheck.Result result) {
        List<String> words = new ArrayList<>();
        for (Severity each : Severity.values()) {
            long count = result.findings().stream()
                    .filter(problem -> problem.severity() == each)
                    .count();
            if (count > 0) {
                words.add(count + " " + each.label() + (count == 1 ? "" : "s"));
            }
        }
        return (result.passed() ? "ok" : "FAILED") + (words.isEmpty() ? "" : ": " + String.join(", ", words));
    }

    private static String json(
            boolean passed, String digest, List<PolicyCheck.Result> results, List<Finding> findings) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("passed", passed);
            json.writeStringField("digest", digest);
            json.writeArrayFieldStart("analyses");
            for (PolicyCheck.Result result : results) {
                json.writeStartObject();
                json.writeStringField("id", result.id());
                json.writeNumberField("examined", result.examined());
                json.writeBooleanField("passed", result.passed());
                json.writeNumberField("findings", result.findings().size());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("findings");
            for (Finding finding : findings) {
                FindingText.write(json, finding);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
