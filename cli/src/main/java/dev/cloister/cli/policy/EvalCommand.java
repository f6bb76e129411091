package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.explain.Evaluation;
import dev.cloister.policy.explain.EvaluationException;
import dev.cloister.policy.explain.Verdict;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description =
                "Decides on requests under a policy; nothing is started. One request by options, or a sequence as "
                        + "JSON lines on standard input, in which what is granted takes effect.",
        footer = {
            "",
            "Lines: {\"do\":\"start\",\"domain\":D}, {\"do\":\"open\",\"from\":E,\"to\":E,",
            "\"kind\":K,\"flow\":F,\"by\":D}, {\"do\":\"use\",\"flow\":F,\"units\":N}, and what",
            "happens: stop, close, running, contact, measure, pass. Each may have",
            "\"at\":TIME or \"after\":\"90s\". Images count as the policy states them.",
            "",
            "Exits 0 if all is granted, 1 if something is refused, 65 for a bad line.",
            "",
            "Examples:",
            "  cloister policy eval policy.json --from guard --to command --kind memory",
            "  cloister policy eval policy.json --start red --running blue",
            "  cloister policy eval policy.json --json < requests.jsonl",
        })
final class EvalCommand implements Callable<Integer> {
    /** Options that an opening needs: sender, receiver, kind. */
    private static final int ENDS = 3;

    private static final int GATE_WIDTH = 12;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--from", paramLabel = "NAME", description = "ask to open a channel from this endpoint")
    private String from;

    @Option(names = "--to", paramLabel = "NAME", description = "and to this one")
    private String to;

    @Option(names = "--kind", paramLabel = "KIND", description = "of this kind: ${COMPLETION-CANDIDATES}")
    private FlowKind kind;

    @Option(names = "--flow", paramLabel = "NAME", description = "the flow that is meant")
    private String flow;

    @Option(names = "--by", paramLabel = "DOMAIN", description = "the domain that asks (default: the daemon)")
    private String by;

    @Option(names = "--start", paramLabel = "DOMAIN", description = "ask to start this domain")
    private String start;

    @Option(names = "--use", paramLabel = "FLOW", description = "ask to let --units pass on this flow")
    private String use;

    @Option(names = "--units", paramLabel = "N", description = "bytes, or signals of an event (default: 1)")
    private long units = 1;

    @Option(names = "--at", paramLabel = "TIME", description = "when it is asked (default: now)")
    private Instant at;

    @Option(names = "--loaded", paramLabel = "TIME", description = "when the policy is loaded (default: the same)")
    private Instant loaded;

    @Option(names = "--running", paramLabel = "DOMAIN", split = ",", description = "domains that run already")
    private List<String> running = new ArrayList<>();

    @Option(
            names = "--contact",
            paramLabel = "SET:ENDPOINT=PARTY",
            description = "information of the party has reached the endpoint; may be repeated")
    private List<String> contacts = new ArrayList<>();

    @Option(names = "--json", description = "print one JSON object for each line")
    private boolean json;

    private boolean refused;

    @Override
    public Integer call() throws CommandFailure, IOException {
        Instant time = at == null ? Instant.now() : at;
        Evaluation evaluation = new Evaluation(PolicyFile.load(file), loaded == null ? time : loaded);
        int number = 0;
        for (String name : running) {
            evaluate(evaluation, line(Map.of("do", "running", "domain", name)), number);
        }
        for (String contact : contacts) {
            evaluate(evaluation, contact(contact), number);
        }
        String one = request(time);
        if (!one.isEmpty()) {
            evaluate(evaluation, one, number);
        } else {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String text = in.readLine(); text != null; text = in.readLine()) {
                number++;
                if (!text.isBlank()) {
                    evaluate(evaluation, text, number);
                }
            }
        }
        return refused ? ExitCodes.FOUND : ExitCodes.OK;
    }

    /** The request that the options make; empty where they make none. */
    private String request(Instant time) {
        long ends = Stream.of(from, to, kind).filter(Objects::nonNull).count();
        long asked = Stream.of(ends == 0 ? null : ends, start, use)
                .filter(Objects::nonNull)
                .count();
        if (asked > 1 || ends % ENDS != 0) {
            throw new ParameterException(
                    spec.commandLine(), "ask one thing: --from, --to and --kind; or --start; or --use");
        }
        if (start != null) {
            return line(Map.of("do", "start", "domain", start, "at", time));
        }
        if (use != null) {
            return line(Map.of("do", "use", "flow", use, "units", units, "at", time));
        }
        return ends == 0 ? "" : open(time);
    }

    private String open(Instant time) {
        Map<String, Object> line = new java.util.TreeMap<>(
                Map.of("do", "open", "from", from, "to", to, "kind", kind.jsonName(), "at", time));
        if (flow != null) {
            line.put("flow", flow);
        }
        if (by != null) {
            line.put("by", by);
        }
        return line(line);
    }

    private String contact(String text) {
        int equals = text.lastIndexOf('=');
        int colon = text.indexOf(':');
        if (colon < 0 || equals < colon) {
            throw new ParameterException(spec.commandLine(), "--contact " + text + ": expected SET:ENDPOINT=PARTY");
        }
        return line(Map.of(
                "do", "contact",
                "set", text.substring(0, colon),
                "endpoint", text.substring(colon + 1, equals),
                "party", text.substring(equals + 1)));
    }

    private static String line(Map<String, Object> members) {
        return JsonText.line(out -> {
            out.writeStartObject();
            for (Map.Entry<String, Object> member : members.entrySet()) {
                out.writeStringField(member.getKey(), member.getValue().toString());
            }
            out.writeEndObject();
        });
    }

    private void evaluate(Evaluation evaluation, String text, int number) throws CommandFailure {
        try {
            Evaluation.Step step = evaluation.line(text);
            refused |= step.refused();
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(json(step));
            } else {
                print(out, step, number == 0);
            }
        } catch (EvaluationException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT, (number == 0 ? "" : "line " + number + ": ") + e.getMessage(), e);
        }
    }

    private static void print(PrintWriter out, Evaluation.Step step, boolean all) {
        step.ended().forEach(ended -> out.println("ended by its window: " + ended));
        if (step.decision().isEmpty()) {
            return;
        }
        Decision decision = step.decision().get();
        Verdict deciding = step.deciding().orElseThrow();
        String flow =
                decision.flow().map(Flow::name).map(name -> ", flow " + name).orElse("");
        String verdict = decision.granted()
                ? "granted" + flow
                : "refused by gate " + deciding.gate().jsonName() + ": " + deciding.text() + " [" + deciding.position()
                        + "]";
        Lines.wrap(out, "", step.asked() + ": " + verdict);
        step.contacts().forEach(contact -> out.println("  contact " + contact));
        if (all) {
            for (Verdict each : step.verdicts()) {
                String lead = String.format(
                        Locale.ROOT,
                        "  %-" + GATE_WIDTH + "s %-4s ",
                        each.gate().jsonName(),
                        switch (each.outcome()) {
                            case PASS -> "yes";
                            case REFUSE -> "NO";
                            case UNRESTRICTED, NOT_APPLICABLE -> "-";
                        });
                Lines.wrap(out, lead, each.text() + " [" + each.position() + "]");
            }
        }
    }

    private static String json(Evaluation.Step step) {
        return JsonText.line(out -> {
            out.writeStartObject();
            out.writeStringField("at", step.at().toString());
            out.writeStringField("asked", step.asked());
            if (step.decision().isPresent()) {
                out.writeBooleanField("granted", step.decision().get().granted());
                out.writeStringField(
                        "flow", step.decision().get().flow().map(Flow::name).orElse(""));
                if (step.refused()) {
                    out.writeStringField(
                            "refusedBy", step.deciding().orElseThrow().gate().jsonName());
                }
                out.writeArrayFieldStart("verdicts");
                for (Verdict verdict : step.verdicts()) {
                    out.writeStartObject();
                    out.writeStringField("gate", verdict.gate().jsonName());
                    out.writeStringField("outcome", verdict.outcome().jsonName());
                    out.writeStringField("reason", verdict.text());
                    out.writeStringField("at", verdict.position().toString());
                    out.writeEndObject();
                }
                out.writeEndArray();
            }
            JsonText.strings(out, "contacts", step.contacts());
            JsonText.strings(out, "ended", step.ended());
            out.writeEndObject();
        });
    }
}
