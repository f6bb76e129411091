package dev.cloister.it.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Cedar's WebAssembly build under Node.js: one parsed policy for the label order and the declared receivers, which are attributes
 * of the sender. Each call hands over only the two entities that it concerns.
 */
final class CedarPeer {
    private static final String PACKAGE = "@cedar-policy/cedar-wasm@4.13.0";

    private CedarPeer() {}

    /** Returns nanoseconds per decision of each round, or empty where Node.js, npm or the package can't be had. */
    static Optional<double[]> run(PolicyRequests requests, int count, int rounds, Path scratch)
            throws IOException, InterruptedException {
        if (NativePeer.installed("node").isEmpty()
                || NativePeer.installed("npm").isEmpty()) {
            return Optional.empty();
        }
        Path folder = Files.createDirectories(scratch.resolve("cedar"));
        Process npm = new ProcessBuilder("npm", "install", "--silent", "--prefix", folder.toString(), PACKAGE)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (npm.waitFor() != 0) {
            return Optional.empty();
        }
        Path script = folder.resolve("cedar.mjs");
        try (InputStream in = CedarPeer.class.getResourceAsStream("cedar.mjs")) {
            Files.write(script, in.readAllBytes());
        }
        Path calls = folder.resolve("calls.json");
        write(requests, count, calls);
        String figures =
                NativePeer.output(List.of("node", script.toString(), calls.toString(), Integer.toString(rounds)));
        return Optional.of(Arrays.stream(figures.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray());
    }

    private static void write(PolicyRequests requests, int count, Path file) throws IOException {
        try (JsonGenerator json = new JsonFactory().createGenerator(Files.newBufferedWriter(file))) {
            json.writeStartArray();
            for (PolicyRequests.Question question : requests.questions().subList(0, count)) {
                json.writeStartObject();
                json.writeBooleanField("allowed", question.declared());
                json.writeObjectFieldStart("call");
                uid(json, "principal", "Domain", question.from().name());
                uid(json, "action", "Action", question.kind().jsonName());
                uid(json, "resource", "Domain", question.to().name());
                json.writeObjectFieldStart("context");
                json.writeEndObject();
                json.writeStringField("preparsedPolicySetId", "flows");
                json.writeBooleanField("validateRequest", false);
                json.writeArrayFieldStart("entities");
                entity(json, requests.policy(), question.from(), Optional.of(question));
                entity(json, requests.policy(), question.to(), Optional.empty());
                json.writeEndArray();
                json.writeEndObject();
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    private static void uid(JsonGenerator json, String field, String type, String id) throws IOException {
        json.writeObjectFieldStart(field);
        json.writeStringField("type", type);
        json.writeStringField("id", id);
        json.writeEndObject();
    }

    private static void entity(
            JsonGenerator json, Policy policy, Endpoint endpoint, Optional<PolicyRequests.Question> sends)
            throws IOException {
        json.writeStartObject();
        uid(json, "uid", "Domain", endpoint.name());
        json.writeObjectFieldStart("attrs");
        Label label = endpoint.label();
        json.writeNumberField("level", label.level());
        bits(json, "levels", label.below());
        bits(json, "compartments", label.compartments());
        json.writeArrayFieldStart("receivers");
        if (sends.isPresent()) {
            for (Flow flow : policy.flowsOf(endpoint)) {
                if (flow.from() == endpoint && flow.kind() == sends.get().kind()) {
                    json.writeStartObject();
                    uid(json, "__entity", "Domain", flow.to().name());
                    json.writeEndObject();
                }
            }
        }
        json.writeEndArray();
        json.writeEndObject();
        json.writeArrayFieldStart("parents");
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void bits(JsonGenerator json, String field, long bits) throws IOException {
        json.writeArrayFieldStart(field);
        for (int i = 0; i < Long.SIZE; i++) {
            if ((bits >>> i & 1) != 0) {
                json.writeNumber(i);
            }
        }
        json.writeEndArray();
    }
}
