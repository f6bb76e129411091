package dev.cloister.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cloister.policy.daemon.DaemonOptions;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The {@code --report} of {@code up}: the daemon's last snapshot, and under {@code reports} what each VMM said of itself. The
 * latter is the word of a process that its guest may have taken over; what is not JSON becomes a string.
 */
final class RunReport {
    private RunReport() {}

    /** Returns the report as JSON; a missing snapshot or report is left out. */
    static String json(Policy policy, Snapshot last, Path state) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("policy", policy.name());
            if (last != null) {
                json.writeFieldName("daemon");
                copy(json, SnapshotText.json(last));
            }
            json.writeObjectFieldStart("reports");
            for (Domain domain : policy.domains()) {
                Path file = state.resolve(DaemonOptions.reportName(domain.name()));
                if (Files.isReadable(file)) {
                    json.writeFieldName(domain.name());
                    copy(json, Files.readString(file));
                }
            }
            json.writeEndObject();
            json.writeEndObject();
        });
    }

    private static void copy(JsonGenerator json, String text) throws IOException {
        // Parsed whole before anything is written, so that a broken text leaves no broken document.
        StringWriter checked = new StringWriter();
        try (JsonParser parser = JsonText.FACTORY.createParser(text);
                JsonGenerator trial = JsonText.FACTORY.createGenerator(checked)) {
            parser.nextToken();
            trial.copyCurrentStructure(parser);
        } catch (JsonProcessingException e) {
            json.writeString(text);
            return;
        }
        try (JsonParser parser = JsonText.FACTORY.createParser(checked.toString())) {
            parser.nextToken();
            json.copyCurrentStructure(parser);
        }
    }
}
