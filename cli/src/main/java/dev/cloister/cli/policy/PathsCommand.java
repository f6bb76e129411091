package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
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

/** {@code cloister policy paths}. */
@Command(
        name = "paths",
        mixinStandardHelpOptions = true,
        description = "Lists the ways that information may take, shortest first: each edge with its flow, "
                + "its class and its place. A star marks a guard.",
        footer = {
            "",
            "Exits 0 if there is a path, 1 if not. docs/analyses/paths.md explains the edges.",
            "",
            "Examples:",
            "  cloister policy paths policy.json sensor command",
            "  cloister policy paths policy.json '#red' '#black' --all-edges --max 3",
        })
final class PathsCommand implements Callable<Integer> {
    private static final int MOST = 1000;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Parameters(index = "1", paramLabel = "FROM", description = "where paths start: " + Selection.WORDS)
    private String from;

    @Parameters(index = "2", paramLabel = "TO", description = "where they end")
    private String to;

    @Option(names = "--max", paramLabel = "N", defaultValue = "10", description = "list at most N paths (default: 10)")
    private int max;

    @Option(
            names = "--all-edges",
            description = "count budgeted back channels and shared hardware as well, not only declared flows "
                    + "and reverse edges without a budget")
    private boolean allEdges;

    @Option(names = "--json", description = "print the paths as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        if (max < 1 || max > MOST) {
            throw new ParameterException(spec.commandLine(), "--max " + max + ": expected 1 to " + MOST);
        }
        Policy policy = PolicyFile.load(file);
        List<Endpoint> starts = Selection.of(policy, from);
        List<Endpoint> ends = Selection.of(policy, to);
        FlowGraph graph = FlowGraph.of(policy, Optional.of(LocalDate.now()));
        List<FlowPath> paths = graph.paths(allEdges ? EdgeSet.ALL : EdgeSet.DEFINITE, starts, ends, max);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(policy, paths));
        } else {
            text(out, policy, paths);
        }
        return paths.isEmpty() ? ExitCodes.FOUND : ExitCodes.OK;
    }

    private void text(PrintWriter out, Policy policy, List<FlowPath> paths) {
        for (int i = 0; i < paths.size(); i++) {
            FlowPath path = paths.get(i);
            String names = path.nodes().stream().map(Endpoint::name).collect(Collectors.joining(" -> "));
            Lines.wrap(out, i + 1 + ". ", names);
            PathText.print(out, policy, path.edges());
            out.println();
        }
        String more = paths.size() == max ? "; there may be more: see --max" : "";
        String none = allEdges ? "no path at all" : "no path over declared flows and reverse edges; see --all-edges";
        Lines.wrap(out, "", paths.isEmpty() ? none : paths.size() + (paths.size() == 1 ? " path" : " paths") + more);
    }

    private static String json(Policy policy, List<FlowPath> paths) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("policy", policy.digest());
            json.writeArrayFieldStart("paths");
            for (FlowPath path : paths) {
                PathText.write(json, path);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
