package dev.cloister.policy.render;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.explain.Verdict;
import dev.cloister.policy.explain.Why;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the page's script works on, as JSON: endpoints, edges, findings, and for small policies every pair's verdicts. Strings that
 * come often are written once and referred to by number.
 */
final class PageData {
    /** The most endpoints for which every pair's verdicts are written. */
    static final int EXPLAINED = 60;

    private final GraphModel model;
    private final Policy policy;
    private final List<Problem> findings;
    private final Map<String, Integer> strings = new LinkedHashMap<>();

    PageData(GraphModel model, List<Problem> findings) {
        this.model = model;
        this.policy = model.policy();
        this.findings = List.copyOf(findings);
    }

    String write() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("name", policy.name());
            json.writeStringField("file", policy.file());
            names(json);
            nodes(json);
            edges(json);
            found(json);
            why(json);
            // After everything that refers to it.
            json.writeArrayFieldStart("strings");
            for (String string : strings.keySet()) {
                json.writeString(string);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a string writer does not fail", e);
        }
        return text.toString();
    }

    private void names(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("gates");
        for (Gate gate : Gate.values()) {
            json.writeString(gate.jsonName());
        }
        json.writeEndArray();
        json.writeArrayFieldStart("kinds");
        for (FlowKind kind : FlowKind.values()) {
            json.writeString(kind.jsonName());
        }
        json.writeEndArray();
    }

    private void nodes(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("nodes");
        for (Endpoint endpoint : policy.endpoints()) {
            json.writeStartObject();
            json.writeStringField("name", endpoint.name());
            json.writeStringField("label", policy.lattice().format(endpoint.label()));
            json.writeStringField("at", endpoint.position().toString());
            json.writeNumberField("rank", model.rank(endpoint));
            if (endpoint.type() != Endpoint.NO_TYPE) {
                json.writeStringField("type", policy.types().types().get(endpoint.type()));
            }
            if (policy.isGuard(endpoint.index())) {
                json.writeStringField("guard", policy.guard(endpoint.index()).obligation());
            }
            switch (endpoint) {
                case Domain domain -> json.writeStringField("text", domain.description());
                case HostEndpoint _ -> json.writeBooleanField("host", true);
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void edges(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("edges");
        for (GraphEdge edge : model.edges()) {
            json.writeStartObject();
            json.writeNumberField("f", edge.from().index());
            json.writeNumberField("t", edge.to().index());
            json.writeNumberField("k", edge.kind().ordinal());
            json.writeStringField("n", edge.name());
            json.writeStringField("s", edge.sort().css());
            json.writeStringField("at", edge.position().toString());
            if (edge.budget() > 0) {
                json.writeNumberField("b", edge.budget());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void found(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("findings");
        for (Problem problem : findings) {
            json.writeStartObject();
            json.writeStringField("id", problem.id().code());
            json.writeStringField("severity", problem.severity().label());
            json.writeStringField(
                    "at",
                    problem.line() > 0
                            ? problem.file() + ":" + problem.line() + ":" + problem.column()
                            : problem.file());
            json.writeStringField("message", problem.message());
            json.writeStringField("suggestion", problem.suggestion());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** For each pair, by {@code from * n + to}: its answers; each is kind, granted, flow and verdicts of outcome, text, place. */
    private void why(JsonGenerator json) throws IOException {
        int n = policy.endpoints().size();
        if (n > EXPLAINED) {
            return;
        }
        json.writeArrayFieldStart("why");
        for (Endpoint from : policy.endpoints()) {
            for (Endpoint to : policy.endpoints()) {
                json.writeStartArray();
                if (from != to) {
                    for (Why.Answer answer :
                            Why.explain(policy, from, to, Optional.empty()).answers()) {
                        answer(json, answer);
                    }
                }
                json.writeEndArray();
            }
        }
        json.writeEndArray();
    }

    private void answer(JsonGenerator json, Why.Answer answer) throws IOException {
        json.writeStartArray();
        json.writeNumber(answer.kind().map(FlowKind::ordinal).orElse(-1));
        json.writeNumber(answer.granted() ? 1 : 0);
        json.writeNumber(answer.flow().map(flow -> string(flow.name())).orElse(-1));
        for (Verdict verdict : answer.verdicts()) {
            json.writeNumber(verdict.outcome().ordinal());
            json.writeNumber(string(verdict.text()));
            json.writeNumber(string(verdict.position().toString()));
        }
        json.writeEndArray();
    }

    private int string(String text) {
        return strings.computeIfAbsent(text, _ -> strings.size());
    }
}
