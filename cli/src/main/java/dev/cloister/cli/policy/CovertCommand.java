package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.CovertCapacity;
import dev.cloister.policy.analysis.CovertPair;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.model.CovertLimit;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
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

/** {@code cloister policy covert}. */
@Command(
        name = "covert",
        mixinStandardHelpOptions = true,
        description = "Says how many bits per second may leak between endpoints although the labels forbid it: "
                + "the worst pairs, and what carries it.",
        footer = {
            "",
            "Exits 1 if a pair listed has no bound or is above the policy's covertLimit.",
            "Undeclared shared hardware has no number: policy check reports it.",
            "",
            "Examples:",
            "  cloister policy covert policy.json",
            "  cloister policy covert policy.json command sensor",
        })
final class CovertCommand implements Callable<Integer> {
    private static final int MOST = 10_000;
    private static final int MOST_PAIRS = 100_000;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Parameters(index = "1", arity = "0..1", paramLabel = "FROM", description = "only from these: " + Selection.WORDS)
    private String from;

    @Parameters(index = "2", arity = "0..1", paramLabel = "TO", description = "only to these")
    private String to;

    @Option(names = "--max", paramLabel = "N", defaultValue = "20", description = "list at most N pairs (default: 20)")
    private int max;

    @Option(names = "--json", description = "print the pairs with their paths as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        checkArguments();
        Policy policy = PolicyFile.load(file);
        CovertCapacity capacity = CovertCapacity.of(policy, Optional.of(LocalDate.now()));
        List<CovertPair> pairs = from == null || to == null
                ? capacity.worst(max)
                : between(capacity, Selection.of(policy, from), Selection.of(policy, to));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(capacity, pairs));
        } else {
            text(out, policy, capacity, pairs);
        }
        long limit = policy.covertLimit().map(CovertLimit::bitsPerSecond).orElse(Long.MAX_VALUE);
        boolean above = pairs.stream().anyMatch(pair -> pair.unbounded() || pair.bitsPerSecond() > limit);
        return above ? ExitCodes.FOUND : ExitCodes.OK;
    }

    private void checkArguments() {
        if (max < 1 || max > MOST) {
            throw new ParameterException(spec.commandLine(), "--max " + max + ": expected 1 to " + MOST);
        }
        if (from != null && to == null) {
            throw new ParameterException(spec.commandLine(), "FROM needs TO: for all receivers write '*'");
        }
    }

    private List<CovertPair> between(CovertCapacity capacity, List<Endpoint> starts, List<Endpoint> ends)
            throws CommandFailure {
        if ((long) starts.size() * ends.size() > MOST_PAIRS) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    starts.size() + " times " + ends.size() + " endpoints are more than " + MOST_PAIRS
                            + " pairs; name fewer, or none for the worst of all");
        }
        List<CovertPair> pairs = new ArrayList<>();
        for (Endpoint start : starts) {
            for (Endpoint end : ends) {
                capacity.pair(start, end).ifPresent(pairs::add);
            }
        }
        pairs.sort((one, two) -> Long.compare(two.bitsPerSecond(), one.bitsPerSecond()));
        return pairs.stream().limit(max).toList();
    }

    private void text(PrintWriter out, Policy policy, CovertCapacity capacity, List<CovertPair> pairs) {
        if (pairs.isEmpty()) {
            out.println("nothing leaks against the labels: no budget, no accepted risk in the way");
            return;
        }
        Table table = new Table("FROM", "TO", ">BITS/S", "CARRIED BY");
        pairs.forEach(pair -> table.row(pair.from().name(), pair.to().name(), rate(pair), names(pair)));
        table.lines().forEach(out::println);
        if (pairs.size() == 1) {
            out.println();
            PathText.print(out, policy, pairs.getFirst().path().edges());
        }
        out.println();
        String exact = capacity.exact() ? "" : "; too many to compute each: those listed are the worst by upper bounds";
        String unbounded = capacity.unboundedPairs() > 0 ? ", " + capacity.unboundedPairs() + " without bound" : "";
        Lines.wrap(
                out,
                "",
                (capacity.pairs() == 1 ? "1 pair leaks" : capacity.pairs() + " pairs leak") + " against the labels"
                        + unbounded + exact);
    }

    private static String rate(CovertPair pair) {
        return pair.unbounded() ? "unbounded" : (pair.exact() ? "" : "<= ") + pair.bitsPerSecond();
    }

    private static String names(CovertPair pair) {
        return pair.path().edges().stream().map(FlowEdge::name).collect(Collectors.joining(", "));
    }

    private static String json(CovertCapacity capacity, List<CovertPair> pairs) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeNumberField("pairs", capacity.pairs());
            json.writeNumberField("unbounded", capacity.unboundedPairs());
            json.writeBooleanField("exact", capacity.exact());
            json.writeArrayFieldStart("worst");
            for (CovertPair pair : pairs) {
                json.writeStartObject();
                json.writeStringField("from", pair.from().name());
                json.writeStringField("to", pair.to().name());
                if (!pair.unbounded()) {
                    json.writeNumberField("bitsPerSecond", pair.bitsPerSecond());
                }
                json.writeBooleanField("exact", pair.exact());
                json.writeFieldName("path");
                PathText.write(json, pair.path());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
