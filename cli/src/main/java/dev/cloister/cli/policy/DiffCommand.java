package dev.cloister.cli.policy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.PolicyDiff;
import dev.cloister.policy.analysis.graph.FlowPath;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy diff}. */
@Command(
        name = "diff",
        mixinStandardHelpOptions = true,
        description = "Compares what two policies permit: flows and gates that changed, and pairs of endpoints "
                + "that gained or lost a path. Domains are the same if their ids are.",
        footer = {
            "",
            "Exits 0 if they permit the same, 1 if they differ.",
            "",
            "Examples:",
            "  cloister policy diff old.json new.json",
            "  git show HEAD~1:policy.json > old.json",
        })
final class DiffCommand implements Callable<Integer> {
    private static final int MOST = 10_000;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "OLD", description = "the old policy")
    private Path before;

    @Parameters(index = "1", paramLabel = "NEW", description = "the new policy")
    private Path after;

    @Option(
            names = "--max",
            paramLabel = "N",
            defaultValue = "20",
            description = "list at most N changes and N pairs each way; all are counted (default: 20)")
    private int max;

    @Option(names = "--json", description = "print the differences as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        if (max < 1 || max > MOST) {
            throw new ParameterException(spec.commandLine(), "--max " + max + ": expected 1 to " + MOST);
        }
        PolicyDiff diff = PolicyDiff.of(PolicyFile.load(before), PolicyFile.load(after), max);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(diff));
        } else {
            text(out, diff);
        }
        return diff.same() ? ExitCodes.OK : ExitCodes.FOUND;
    }

    private void text(PrintWriter out, PolicyDiff diff) {
        if (diff.same()) {
            out.println("both permit the same");
            return;
        }
        diff.changes().stream().limit(max).forEach(change -> {
            Lines.wrap(out, "", change.what() + ": " + change.text());
            out.println("  " + change.position());
        });
        more(out, diff.changes().size(), max, "changes");
        pairs(out, "+ ", diff.gained(), diff.gainedPairs(), "pairs gained a path");
        pairs(out, "- ", diff.lost(), diff.lostPairs(), "pairs lost their path");
    }

    private static void pairs(PrintWriter out, String mark, List<FlowPath> paths, long count, String words) {
        if (count > 0) {
            out.println();
            out.println(count + " " + words);
            paths.forEach(path -> Lines.wrap(
                    out, mark, path.from().name() + " to " + path.to().name() + ": " + path));
            more(out, count, paths.size(), "pairs");
        }
    }

    private static void more(PrintWriter out, long count, long shown, String words) {
        if (count > shown) {
            out.println("... and " + (count - shown) + " more " + words);
        }
    }

    private static String json(PolicyDiff diff) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("same", diff.same());
            json.writeArrayFieldStart("changes");
            for (PolicyDiff.Change change : diff.changes()) {
                json.writeStartObject();
                json.writeStringField("what", change.what());
                json.writeStringField("change", change.text());
                json.writeStringField("at", change.position());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeNumberField("gainedPairs", diff.gainedPairs());
            json.writeNumberField("lostPairs", diff.lostPairs());
            write(json, "gained", diff.gained());
            write(json, "lost", diff.lost());
            json.writeEndObject();
        });
    }

    private static void write(JsonGenerator json, String field, List<FlowPath> paths) throws IOException {
        json.writeArrayFieldStart(field);
        for (FlowPath path : paths) {
            PathText.write(json, path);
        }
        json.writeEndArray();
    }
}
