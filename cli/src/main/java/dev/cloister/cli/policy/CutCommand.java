package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.graph.Cut;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy cut}. */
@Command(
        name = "cut",
        mixinStandardHelpOptions = true,
        description = "Finds the fewest flows whose removal leaves no path; where one is enough, every one "
                + "that is. A star marks a guard.",
        footer = {
            "",
            "Exits 0 if there is such a cut or no path, 1 if no removal of flows is enough.",
            "",
            "Examples:",
            "  cloister policy cut policy.json sensor command",
            "  cloister policy cut policy.json '#red' @tap:internet --json",
        })
final class CutCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Parameters(index = "1", paramLabel = "FROM", description = "where paths start: " + Selection.WORDS)
    private String from;

    @Parameters(index = "2", paramLabel = "TO", description = "where they end")
    private String to;

    @Option(names = "--strict", description = "count budgeted back channels and accepted sharing as well")
    private boolean strict;

    @Option(names = "--json", description = "print the cut as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        List<Endpoint> starts = Selection.of(policy, from);
        List<Endpoint> ends = Selection.of(policy, to);
        for (Endpoint start : starts) {
            if (ends.contains(start)) {
                throw new CommandFailure(
                        ExitCodes.BAD_INPUT, start.name() + " is on both sides; nothing parts it from itself");
            }
        }
        FlowGraph graph = FlowGraph.of(policy);
        EdgeSet which = strict ? EdgeSet.STRICT : EdgeSet.DEFINITE;
        boolean path = graph.shortestPath(which, starts, ends, List.of()).isPresent();
        Cut cut = graph.smallestCut(which, starts, ends, List.of());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(path, cut));
        } else {
            text(out, policy, path, cut);
        }
        return path && !cut.found() ? ExitCodes.FOUND : ExitCodes.OK;
    }

    private static void text(PrintWriter out, Policy policy, boolean path, Cut cut) {
        if (!path) {
            out.println("there is no path: nothing to cut");
        } else if (!cut.found()) {
            Lines.wrap(out, "", "no removal of flows is enough: shared hardware connects them, or too many flows do");
        } else {
            int size = cut.edges().size();
            String any =
                    size == 1 ? "remove this flow" : "remove one of these " + size + " flows: each alone is enough";
            Lines.wrap(out, "", cut.anyOne() ? any : "remove these " + size + " flows: no fewer are enough");
            PathText.print(out, policy, cut.edges());
        }
    }

    private static String json(boolean path, Cut cut) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("path", path);
            json.writeBooleanField("found", cut.found());
            json.writeBooleanField("anyOne", cut.anyOne());
            json.writeArrayFieldStart("edges");
            for (FlowEdge edge : cut.edges()) {
                PathText.write(json, edge);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
