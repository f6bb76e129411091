package dev.cloister.cli.up;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the newest run refused and contained, read from its audit log: for the summary of {@code up}. */
final class RefusalSummary {
    private static final int MOST = 8;
    /** The name of a record's only fact, where it has no better one. */
    private static final String DETAIL = "detail";

    private RefusalSummary() {}

    /** Returns a line for each refusal and violation since the log's last daemon start; the last line counts the rest. */
    static List<String> of(Path log) throws IOException {
        List<String> lines = new ArrayList<>();
        int more = 0;
        if (!Files.isReadable(log)) {
            return lines;
        }
        try (AuditReader reader = AuditReader.open(log)) {
            for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                AuditEvent event = next.get().event();
                if (event.kind() == AuditKind.DAEMON_START) {
                    lines.clear();
                    more = 0;
                } else if (event.kind() == AuditKind.REFUSAL || event.kind() == AuditKind.VIOLATION) {
                    if (lines.size() < MOST) {
                        lines.add(text(next.get()));
                    } else {
                        more++;
                    }
                }
            }
        }
        if (more > 0) {
            lines.add("and " + more + " more");
        }
        return lines;
    }

    private static String text(AuditRecord record) {
        AuditEvent event = record.event();
        StringBuilder line =
                new StringBuilder("#" + record.seq() + " " + event.kind().jsonName());
        if (!event.domain().isEmpty()) {
            line.append(" of ").append(event.domain());
        }
        line.append(": ")
                .append(event.details().entrySet().stream()
                        .map(detail -> DETAIL.equals(detail.getKey())
                                ? detail.getValue()
                                : detail.getKey() + " " + detail.getValue())
                        .collect(Collectors.joining(", ")));
        for (AuditVerdict verdict : event.verdicts()) {
            if ("refuse".equals(verdict.outcome())) {
                line.append("; ")
                        .append(verdict.reason())
                        .append(" [")
                        .append(verdict.at())
                        .append(']');
            }
        }
        return line.toString();
    }
}
