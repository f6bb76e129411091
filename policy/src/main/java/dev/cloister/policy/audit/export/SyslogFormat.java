package dev.cloister.policy.audit.export;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerdict;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/** A record as one line of RFC 5424, section 6, with structured data; in printable ASCII. */
public final class SyslogFormat {
    /** "log audit", RFC 5424, section 6.2.1. */
    private static final int FACILITY = 13;

    private static final int LONGEST_NAME = 32;
    /** The number that RFC 5612 sets aside for examples: the project has none of its own. */
    private static final String ENTERPRISE = "32473";

    private SyslogFormat() {}

    /**
     * Returns the line, without its end.
     *
     * @param record the record
     * @param host name of the host that wrote the log, {@code -} when it is not to be said
     */
    public static String of(AuditRecord record, String host) {
        AuditEvent event = record.event();
        StringBuilder line = new StringBuilder(400);
        line.append('<')
                .append(FACILITY * 8 + event.kind().severity().number())
                .append(">1 ")
                .append(record.time().truncatedTo(ChronoUnit.MICROS))
                .append(' ')
                .append(header(host))
                .append(" cloister - ")
                .append(messageId(event.kind()))
                .append(' ');
        structured(line, record);
        return line.append(' ').append(RecordText.line(record)).toString();
    }

    private static String messageId(AuditKind kind) {
        return kind.jsonName()
                .substring(0, Math.min(LONGEST_NAME, kind.jsonName().length()));
    }

    private static String header(String text) {
        String printable = text.replaceAll("[^!-~]", "_");
        return printable.isEmpty() ? "-" : printable;
    }

    private static void structured(StringBuilder line, AuditRecord record) {
        AuditEvent event = record.event();
        line.append("[cloister@").append(ENTERPRISE);
        parameter(line, "seq", Long.toString(record.seq()));
        if (record.mono() != AuditRecord.UNKNOWN) {
            parameter(line, "mono", Long.toString(record.mono()));
        }
        parameter(line, "policy", event.policyDigest());
        if (event.policyEpoch() != 0) {
            parameter(line, "epoch", Integer.toUnsignedString(event.policyEpoch()));
        }
        parameter(line, "domain", event.domain());
        parameter(line, "flow", event.flow());
        parameter(line, "rule", event.rule());
        parameter(line, "hash", record.hash());
        line.append(']');
        if (!event.details().isEmpty()) {
            line.append("[detail@").append(ENTERPRISE);
            for (Map.Entry<String, String> detail : event.details().entrySet()) {
                parameter(line, name(detail.getKey()), detail.getValue());
            }
            line.append(']');
        }
        for (AuditVerdict verdict : event.verdicts()) {
            if ("refuse".equals(verdict.outcome())) {
                // One element of a name may occur only once: RFC 5424, section 6.3.2.
                line.append("[refused.")
                        .append(name(verdict.gate()))
                        .append('@')
                        .append(ENTERPRISE);
                parameter(line, "reason", verdict.reason());
                parameter(line, "at", verdict.at());
                line.append(']');
            }
        }
    }

    private static String name(String text) {
        String name = text.replaceAll("[^!-~]|[=\\]\"@]", "_");
        return name.isEmpty() ? "_" : name.substring(0, Math.min(20, name.length()));
    }

    private static void parameter(StringBuilder line, String name, String value) {
        if (value.isEmpty()) {
            return;
        }
        line.append(' ').append(name).append("=\"");
        for (char c : PlainText.of(value).toCharArray()) {
            if (c == '"' || c == '\\' || c == ']') {
                line.append('\\');
            }
            line.append(c);
        }
        line.append('"');
    }
}
