package dev.cloister.cli.audit;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.export.PlainText;
import dev.cloister.policy.audit.export.RecordText;
import java.io.PrintWriter;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Records as lines of a table that is printed while it is read: columns of fixed width, eighty in all, or uncut. */
final class RecordTable {
    private static final int WIDTH = 80;
    private static final String FORM = "%7s  %-14s  %-15s  %-13s  %s";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);

    private final PrintWriter out;
    private final boolean wide;

    RecordTable(PrintWriter out, boolean wide) {
        this.out = out;
        this.wide = wide;
    }

    void header() {
        line("SEQ", "TIME (UTC)", "EVENT", "SUBJECT", "WHAT");
    }

    void row(AuditRecord record) {
        AuditEvent event = record.event();
        String subject = event.domain().isEmpty() ? event.flow() : event.domain();
        line(
                Long.toString(record.seq()),
                wide ? record.time().toString() : TIME.format(record.time()),
                event.kind().jsonName(),
                PlainText.of(subject),
                RecordText.details(record));
    }

    private void line(String seq, String time, String event, String subject, String what) {
        if (wide) {
            out.println(String.join("  ", seq, time, event, subject.isEmpty() ? "-" : subject, what)
                    .stripTrailing());
            return;
        }
        String text = String.format(FORM, seq, time, cut(event, 15), cut(subject, 13), what);
        out.println(cut(text, WIDTH).stripTrailing());
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, width - 1) + "…";
    }
}
