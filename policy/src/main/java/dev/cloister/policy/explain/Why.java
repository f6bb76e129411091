package dev.cloister.policy.explain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.WindowClock;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Why information may or may not move from one endpoint to another: the decision on each declared flow, or on an
 * undeclared one, with every gate's verdict. It is the decision core's own answer, asked with full buckets and with
 * images as the policy states them.
 *
 * @param policy the policy
 * @param from the sender
 * @param to the receiver
 * @param answers one for each declared flow of the pair (and kind); one for an undeclared flow where there is none
 * @param notes further ways between the two, such as induced reverse edges
 */
public record Why(Policy policy, Endpoint from, Endpoint to, List<Answer> answers, List<String> notes) {
    /**
     * One decision.
     *
     * @param kind kind of channel asked for; empty when no kind was named and no flow is declared
     * @param flow the declared flow, where there is one
     * @param granted whether it would be granted
     * @param verdicts every gate's verdict
     * @param deciding the verdict that decided
     */
    public record Answer(
            Optional<FlowKind> kind, Optional<Flow> flow, boolean granted, List<Verdict> verdicts, Verdict deciding) {}

    private static final long ALL_WINDOWS = -1;

    /** Copies the lists. */
    public Why {
        answers = List.copyOf(answers);
        notes = List.copyOf(notes);
    }

    /**
     * Explains a pair by itself: what the flows between the two say while every window is open.
     *
     * @param policy the policy
     * @param from the sender
     * @param to the receiver
     * @param kind only this kind, or every kind
     */
    public static Why explain(Policy policy, Endpoint from, Endpoint to, Optional<FlowKind> kind) {
        List<Answer> answers = answers(policy, from, to, kind, ALL_WINDOWS, Explanation::of);
        return new Why(policy, from, to, answers, new WhyNotes(policy, from, to).induced());
    }

    /**
     * Explains a pair at a time, with ways over other endpoints, what the two share, and what assertions say of them.
     *
     * @param graph the policy's flow graph
     * @param from the sender
     * @param to the receiver
     * @param kind only this kind, or every kind
     * @param now the time; windows that are relative count from here
     */
    public static Why explain(FlowGraph graph, Endpoint from, Endpoint to, Optional<FlowKind> kind, Instant now) {
        Policy policy = graph.policy();
        WindowClock clock = new WindowClock(policy.windows(), now);
        List<Answer> answers =
                answers(policy, from, to, kind, clock.openAt(now), decision -> Explanation.of(decision, clock, now));
        WhyNotes notes = new WhyNotes(policy, from, to);
        List<String> all = new ArrayList<>(notes.induced());
        all.addAll(notes.beyond(graph));
        return new Why(policy, from, to, answers, all);
    }

    private static List<Answer> answers(
            Policy policy,
            Endpoint from,
            Endpoint to,
            Optional<FlowKind> kind,
            long openWindows,
            Function<Decision, Explanation> words) {
        Measurements stated = Measurements.asStated(policy);
        History history = new History(policy, 0);
        List<Answer> answers = new ArrayList<>();
        for (Flow flow : policy.flowsOf(from)) {
            boolean asked =
                    flow.from() == from && flow.to() == to && kind.stream().allMatch(k -> k == flow.kind());
            if (asked) {
                Request request = open(from, to, flow.kind(), flow.index(), stated, openWindows);
                answers.add(answer(DecisionCore.decide(policy, history, request), Optional.of(flow.kind()), words));
            }
        }
        if (answers.isEmpty()) {
            Request request = open(from, to, kind.orElse(FlowKind.MEMORY), Request.ANY_FLOW, stated, openWindows);
            answers.add(answer(DecisionCore.decide(policy, history, request), kind, words));
        }
        return answers;
    }

    /** Returns whether any of the answers is a grant. */
    public boolean allowed() {
        return answers.stream().anyMatch(Answer::granted);
    }

    private static Request open(
            Endpoint from, Endpoint to, FlowKind kind, int flow, Measurements stated, long openWindows) {
        return new Request.Open(from.index(), to.index(), kind, flow, Request.BY_DAEMON, stated, openWindows, 0);
    }

    private static Answer answer(
            Decision decision, Optional<FlowKind> kind, Function<Decision, Explanation> explanation) {
        Explanation words = explanation.apply(decision);
        return new Answer(kind, decision.flow(), decision.granted(), words.verdicts(), words.deciding());
    }

    /** Returns the explanation as lines of text, the last one ended as well. */
    public String text() {
        StringBuilder out = new StringBuilder(512);
        for (Answer answer : answers) {
            String kind = answer.kind().map(FlowKind::jsonName).orElse("any kind");
            out.append(from.name())
                    .append(" -> ")
                    .append(to.name())
                    .append(" (")
                    .append(kind)
                    .append("): ");
            out.append(
                    answer.granted()
                            ? "granted"
                            : "refused by gate " + answer.deciding().gate().jsonName());
            answer.flow()
                    .ifPresent(
                            flow -> out.append(", flow \"").append(flow.name()).append('"'));
            out.append('\n');
            for (Verdict verdict : answer.verdicts()) {
                String mark = switch (verdict.outcome()) {
                    case PASS -> "yes";
                    case REFUSE -> "NO";
                    case UNRESTRICTED, NOT_APPLICABLE -> "-";
                };
                out.append(String.format(
                        "  %-12s %-4s %s  [%s]%n",
                        verdict.gate().jsonName(), mark, verdict.text(), verdict.position()));
            }
        }
        notes.forEach(note -> out.append("note: ").append(note).append('\n'));
        return out.toString();
    }

    /** Returns the explanation as one JSON object; docs/policy-reference.md describes it. */
    public String json() {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("policy", policy.digest());
            json.writeStringField("from", from.name());
            json.writeStringField("to", to.name());
            json.writeBooleanField("allowed", allowed());
            json.writeArrayFieldStart("answers");
            for (Answer answer : answers) {
                write(json, answer);
            }
            json.writeEndArray();
            json.writeArrayFieldStart("notes");
            for (String note : notes) {
                json.writeString(note);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a string writer has no I/O errors", e);
        }
        return out.toString();
    }

    private static void write(JsonGenerator json, Answer answer) throws IOException {
        json.writeStartObject();
        if (answer.kind().isPresent()) {
            json.writeStringField("kind", answer.kind().get().jsonName());
        }
        if (answer.flow().isPresent()) {
            json.writeStringField("flow", answer.flow().get().name());
        }
        json.writeBooleanField("granted", answer.granted());
        if (answer.deciding().outcome() == Outcome.REFUSE) {
            json.writeStringField("refusedBy", answer.deciding().gate().jsonName());
        }
        json.writeArrayFieldStart("verdicts");
        for (Verdict verdict : answer.verdicts()) {
            json.writeStartObject();
            json.writeStringField("gate", verdict.gate().jsonName());
            json.writeStringField("outcome", verdict.outcome().jsonName());
            json.writeStringField("reason", verdict.text());
            json.writeStringField("at", verdict.position().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
