package dev.cloister.cli.up;

import dev.cloister.cli.daemon.SnapshotText;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.daemon.DaemonOptions;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The {@code --report} of {@code up}: the daemon's last snapshot, and under {@code reports} what each VMM said of itself. The
 * latter is the word of a process that its guest may have taken over; what is not JSON becomes a string.
 */
final class UpReport {
    private UpReport() {}

    /** Returns the report as JSON; a missing snapshot or report is left out. */
    static String json(Policy policy, Snapshot last, Path state) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("policy", policy.name());
            if (last != null) {
                json.writeFieldName("daemon");
                JsonText.copy(json, SnapshotText.json(last));
            }
            json.writeObjectFieldStart("reports");
            for (Domain domain : policy.domains()) {
                Path file = state.resolve(DaemonOptions.reportName(domain.name()));
                if (Files.isReadable(file)) {
                    json.writeFieldName(domain.name());
                    JsonText.copy(json, Files.readString(file));
                }
            }
            json.writeEndObject();
            json.writeEndObject();
        });
    }
}
