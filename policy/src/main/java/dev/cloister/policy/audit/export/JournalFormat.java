package dev.cloister.policy.audit.export;

import dev.cloister.policy.audit.AuditEntry;
import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditRecord;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/**
 * A record as an entry of the systemd journal: its export format (systemd.journal-fields(7), "Journal Export Formats") and its native
 * protocol. Every value is one line of printable ASCII, so that no field needs the binary form.
 */
public final class JournalFormat {
    /** "log audit", RFC 5424, section 6.2.1. */
    private static final int FACILITY = 13;

    private static final int LONGEST_NAME = 64;
    private static final int LONGEST_CUT = 1000;

    private JournalFormat() {}

    /** Returns the entry in the export format, with the empty line that ends it. */
    public static byte[] export(AuditEntry entry) {
        StringBuilder text = new StringBuilder(1024);
        Instant time = entry.record().time();
        field(text, "__REALTIME_TIMESTAMP", Long.toString(micros(time)));
        if (entry.record().mono() != AuditRecord.UNKNOWN) {
            field(
                    text,
                    "__MONOTONIC_TIMESTAMP",
                    Long.toString(Math.max(0, entry.record().mono() / 1000)));
        }
        fields(text, entry);
        return text.append('\n').toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Returns the entry as one datagram of the native protocol. */
    public static byte[] datagram(AuditEntry entry) {
        StringBuilder text = new StringBuilder(1024);
        fields(text, entry);
        field(text, "CLOISTER_TIME", entry.record().time().toString());
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Returns the entry as one datagram that fits any socket: without the record itself, values cut, and {@code CLOISTER_CUT=1} to
     * say so.
     */
    public static byte[] shortDatagram(AuditEntry entry) {
        StringBuilder text = new StringBuilder(1024);
        new String(datagram(entry), StandardCharsets.US_ASCII)
                .lines()
                .filter(line -> !line.startsWith("CLOISTER_RECORD="))
                .forEach(line -> text.append(line, 0, Math.min(line.length(), LONGEST_CUT))
                        .append('\n'));
        return text.append("CLOISTER_CUT=1\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static long micros(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1000);
    }

    private static void fields(StringBuilder text, AuditEntry entry) {
        AuditRecord record = entry.record();
        AuditEvent event = record.event();
        field(text, "MESSAGE", RecordText.line(record));
        field(text, "PRIORITY", Integer.toString(event.kind().severity().number()));
        field(text, "SYSLOG_FACILITY", Integer.toString(FACILITY));
        field(text, "SYSLOG_IDENTIFIER", "cloister");
        field(text, "CLOISTER_SEQ", Long.toString(record.seq()));
        field(text, "CLOISTER_EVENT", event.kind().jsonName());
        field(text, "CLOISTER_POLICY", event.policyDigest());
        if (event.policyEpoch() != 0) {
            field(text, "CLOISTER_EPOCH", Integer.toUnsignedString(event.policyEpoch()));
        }
        field(text, "CLOISTER_DOMAIN", event.domain());
        field(text, "CLOISTER_FLOW", event.flow());
        field(text, "CLOISTER_RULE", event.rule());
        for (Map.Entry<String, String> detail : event.details().entrySet()) {
            field(text, "CLOISTER_DETAIL_" + name(detail.getKey()), detail.getValue());
        }
        field(text, "CLOISTER_HASH", record.hash());
        // The line is ASCII already, and whoever has it can prove the chain.
        text.append("CLOISTER_RECORD=").append(new String(entry.line(), StandardCharsets.US_ASCII).stripTrailing());
        text.append('\n');
    }

    /** Upper-case letters, digits and underscores: systemd.journal-fields(7). */
    private static String name(String text) {
        String name = text.replaceAll("([a-z])([A-Z])", "$1_$2")
                .toUpperCase(Locale.ROOT)
                .replaceAll("[^A-Z0-9]", "_");
        return name.substring(0, Math.min(LONGEST_NAME - "CLOISTER_DETAIL_".length(), name.length()));
    }

    private static void field(StringBuilder text, String name, String value) {
        if (!value.isEmpty()) {
            text.append(name).append('=').append(PlainText.of(value)).append('\n');
        }
    }
}
