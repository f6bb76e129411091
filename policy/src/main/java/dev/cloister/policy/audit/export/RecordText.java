package dev.cloister.policy.audit.export;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a record says, in words on one line of printable ASCII. */
public final class RecordText {
    private static final String DETAIL = "detail";

    private RecordText() {}

    /** Returns kind, domain, flow and {@link #details}. */
    public static String line(AuditRecord record) {
        AuditEvent event = record.event();
        List<String> parts = new ArrayList<>();
        parts.add(event.kind().jsonName());
        add(parts, "domain ", event.domain());
        add(parts, "flow ", event.flow());
        add(parts, "", details(record));
        return String.join(" ", parts);
    }

    /** Returns the details, the refusing verdicts' words and the rule. */
    public static String details(AuditRecord record) {
        AuditEvent event = record.event();
        List<String> parts = new ArrayList<>();
        for (Map.Entry<String, String> detail : event.details().entrySet()) {
            String name = DETAIL.equals(detail.getKey()) ? "" : PlainText.of(detail.getKey()) + "=";
            add(parts, name, detail.getValue());
        }
        for (AuditVerdict verdict : event.verdicts()) {
            if ("refuse".equals(verdict.outcome())) {
                add(parts, PlainText.of(verdict.gate()) + ": ", verdict.reason());
            }
        }
        if (!event.rule().isEmpty()) {
            parts.add("[" + PlainText.of(event.rule()) + "]");
        }
        return String.join(" ", parts);
    }

    private static void add(List<String> parts, String lead, String text) {
        if (!text.isEmpty()) {
            parts.add(lead + PlainText.of(text));
        }
    }
}
