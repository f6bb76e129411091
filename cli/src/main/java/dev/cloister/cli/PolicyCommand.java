package dev.cloister.cli;

import dev.cloister.policy.explain.Why;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyCheck;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.PolicyLoader;
import dev.cloister.policy.model.Problem;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy}: looks at a policy without running anything. */
@Command(
        name = "policy",
        mixinStandardHelpOptions = true,
        description = "Checks and explains policies; nothing is started.",
        subcommands = {PolicyCommand.Check.class, PolicyCommand.WhyCommand.class},
        footer = {
            "",
            "Examples:",
            "  cloister policy check policy.json",
            "  cloister policy why policy.json sensor command",
        })
final class PolicyCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which policy command? See cloister policy --help");
    }

    /** Loads a policy for inspection; its problems become the command's failure. */
    static Policy load(Path file) throws CommandFailure {
        try {
            return PolicyLoader.parse(file);
        } catch (PolicyException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "the policy can't be loaded\n"
                            + e.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")),
                    e);
        }
    }

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
    static final class Check implements Callable<Integer> {
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
            for (PolicyCheck.Analysis analysis : report.analyses()) {
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

        private static String result(PolicyCheck.Analysis analysis) {
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
                    json.writeStringField("id", problem.id());
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

    /** {@code cloister policy why}. */
    @Command(
            name = "why",
            mixinStandardHelpOptions = true,
            description = "Explains why information may or may not move from one domain to another: "
                    + "every gate's verdict with the rule's file, line and column.",
            footer = {
                "",
                "Exits 0 if it may, 1 if not.",
                "",
                "Examples:",
                "  cloister policy why policy.json sensor guard",
                "  cloister policy why policy.json command sensor --kind memory",
            })
    static final class WhyCommand implements Callable<Integer> {
        /** Where a verdict's text begins in a line: behind the gate's name and yes, NO or a dash. */
        private static final int VERDICT_TEXT = 20;

        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
        private Path file;

        @Parameters(index = "1", paramLabel = "FROM", description = "the sender: a domain, or @console, @audit")
        private String from;

        @Parameters(index = "2", paramLabel = "TO", description = "the receiver")
        private String to;

        @Option(
                names = "--kind",
                paramLabel = "KIND",
                description = "only channels of this kind: ${COMPLETION-CANDIDATES}")
        private FlowKind kind;

        @Option(names = "--json", description = "print the verdicts as JSON")
        private boolean json;

        @Override
        public Integer call() throws CommandFailure {
            Policy policy = load(file);
            Why why = Why.explain(policy, endpoint(policy, from), endpoint(policy, to), Optional.ofNullable(kind));
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(why.json());
            } else {
                why.text().lines().forEach(line -> print(out, line));
            }
            return why.allowed() ? ExitCodes.OK : ExitCodes.FOUND;
        }

        /** Verdicts are long: their text is wrapped behind gate and verdict. */
        private static void print(PrintWriter out, String line) {
            boolean verdict = line.startsWith("  ") && line.length() > VERDICT_TEXT;
            if (verdict) {
                Lines.wrap(out, line.substring(0, VERDICT_TEXT), line.substring(VERDICT_TEXT));
            } else {
                Lines.wrap(out, "", line);
            }
        }

        private static Endpoint endpoint(Policy policy, String name) throws CommandFailure {
            return policy.endpoint(name)
                    .orElseThrow(() -> new CommandFailure(
                            ExitCodes.BAD_INPUT,
                            "the policy has no endpoint '" + name + "'; it has "
                                    + policy.endpoints().stream()
                                            .map(Endpoint::name)
                                            .collect(Collectors.joining(", "))));
        }
    }
}
