package dev.cloister.cli.policy;

import dev.cloister.cli.ExitCodes;
import dev.cloister.cli.JsonText;
import dev.cloister.cli.Table;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
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
        description = "Checks a policy: structure, references, labels, guards, limits.",
        footer = {
            "",
            "Exits 0 if the policy may be enforced, 65 if not.",
            "",
            "Example:",
            "  cloister policy check examples/quickstart/policy.json",
        })
public final class CheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--json", description = "print the findings as JSON")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try {
            Policy policy = PolicyLoader.parse(file);
            PolicyCheck.Report report = PolicyCheck.check(policy);
            out.println(json ? json(report.passed(), report.findings()) : text(policy, report));
            return report.passed() ? ExitCodes.OK : ExitCodes.BAD_INPUT;
        } catch (PolicyException e) {
            if (json) {
                out.println(json(false, e.problems()));
            } else {
                e.problems().forEach(out::println);
            }
            return ExitCodes.BAD_INPUT;
        }
    }

    private static String text(Policy policy, PolicyCheck.Report report) {
        StringBuilder text = new StringBuilder();
        Table table = new Table("ANALYSIS", ">EXAMINED", "RESULT");
        for (PolicyCheck.Result analysis : report.analyses()) {
            table.row(analysis.title(), analysis.examined(), result(analysis));
        }
        table.lines().forEach(line -> text.append(line).append('\n'));
        report.findings().forEach(finding -> text.append(finding).append('\n'));
        text.append(policy.file())
                .append(report.passed() ? ": may be enforced" : ": can't be enforced")
                .append("; digest ")
                .append(policy.digest());
        return text.toString();
    }

    private static String result(PolicyCheck.Result analysis) {
        int findings = analysis.findings().size();
        if (findings == 0) {
            return "ok";
        }
        return (analysis.passed() ? "ok, " : "FAILED, ") + findings + (findings == 1 ? " finding" : " findings");
    }

    private static String json(boolean passed, List<Problem> problems) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("passed", passed);
            json.writeArrayFieldStart("findings");
            for (Problem problem : problems) {
                json.writeStartObject();
                json.writeStringField("id", problem.id().code());
                json.writeStringField("severity", problem.severity().label());
                json.writeStringField("file", problem.file());
                json.writeNumberField("line", problem.line());
                json.writeNumberField("column", problem.column());
                json.writeStringField("message", problem.message());
                json.writeStringField("value", problem.value());
                json.writeStringField("expected", problem.expected());
                json.writeStringField("suggestion", problem.suggestion());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
