package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.explain.Why;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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
final class WhyCommand implements Callable<Integer> {
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

    @Option(names = "--kind", paramLabel = "KIND", description = "only channels of this kind: ${COMPLETION-CANDIDATES}")
    private FlowKind kind;

    @Option(
            names = "--at",
            paramLabel = "TIME",
            description = "ask for this time, such as 2026-11-21T10:00:00Z (default: now)")
    private Instant at;

    @Option(names = "--json", description = "print the verdicts as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        Why why = Why.explain(
                FlowGraph.of(policy),
                PolicyFile.endpoint(policy, from),
                PolicyFile.endpoint(policy, to),
                Optional.ofNullable(kind),
                at == null ? Instant.now() : at);
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
}
