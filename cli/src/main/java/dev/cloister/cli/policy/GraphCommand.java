package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.render.PolicyGraph;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy graph}. */
@Command(
        name = "graph",
        mixinStandardHelpOptions = true,
        description = "Draws a policy: labels as layers, guards marked, every flow.",
        footer = {
            "",
            "The HTML page needs nothing else: it explains every pair where there are at most 60",
            "endpoints. Without --format the ending of -o's FILE decides, else it is dot.",
            "",
            "Examples:",
            "  cloister policy graph policy.json -o policy.html",
            "  cloister policy graph policy.json --format svg > policy.svg",
            "  cloister policy graph policy.json | dot -Tpdf -o policy.pdf",
        })
final class GraphCommand implements Callable<Integer> {
    /** What is written. */
    enum Format {
        /** The language of Graphviz. */
        DOT,
        /** A picture. */
        SVG,
        /** A page. */
        HTML
    }

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--format", paramLabel = "FORMAT", description = "one of ${COMPLETION-CANDIDATES}")
    private Format format;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write there instead of to standard output")
    private Path output;

    @Option(names = "--json", description = "tell what was written as JSON; needs -o")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        Format wanted = format == null ? byName() : format;
        if (json && output == null) {
            throw new CommandFailure(ExitCodes.USAGE, "--json tells what was written: say where with -o FILE");
        }
        if (wanted != Format.DOT && policy.endpoints().size() > PolicyGraph.MAX_DRAWN) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "the policy has " + policy.endpoints().size() + " endpoints and at most " + PolicyGraph.MAX_DRAWN
                            + " are drawn; use --format dot");
        }
        write(policy, wanted, draw(policy, wanted));
        return ExitCodes.OK;
    }

    private static String draw(Policy policy, Format wanted) {
        return switch (wanted) {
            case DOT -> PolicyGraph.dot(policy);
            case SVG -> PolicyGraph.svg(policy);
            case HTML ->
                PolicyGraph.html(
                        policy,
                        PolicyCheck.check(policy, Optional.of(LocalDate.now())).findings());
        };
    }

    private Format byName() {
        String name = output == null ? "" : output.toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".html") || name.endsWith(".htm")) {
            return Format.HTML;
        }
        return name.endsWith(".svg") ? Format.SVG : Format.DOT;
    }

    private void write(Policy policy, Format wanted, String text) throws CommandFailure {
        PrintWriter out = spec.commandLine().getOut();
        if (output == null) {
            out.print(text);
            out.flush();
            return;
        }
        OutputFile.write(output, text);
        if (json) {
            out.println(JsonText.of(body -> {
                body.writeStartObject();
                body.writeStringField("file", output.toString());
                body.writeStringField("format", wanted.name().toLowerCase(Locale.ROOT));
                body.writeNumberField("endpoints", policy.endpoints().size());
                body.writeNumberField("flows", policy.flows().size());
                body.writeEndObject();
            }));
        }
    }
}
