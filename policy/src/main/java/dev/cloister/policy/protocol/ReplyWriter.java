package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/** Writes replies of the control protocol as one line of JSON. */
final class ReplyWriter {
    /** Writes members of an object. */
    interface Body {
        void write(JsonGenerator out) throws IOException;
    }

    private ReplyWriter() {}

    static String object(Body body) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = ControlCodec.JSON.createGenerator(text)) {
            out.writeStartObject();
            body.write(out);
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return text.toString();
    }

    static String line(ControlReply reply) {
        return object(out -> {
            out.writeBooleanField("ok", !(reply instanceof ControlReply.Failed));
            switch (reply) {
                case ControlReply.Done r -> out.writeStringField("message", r.message());
                case ControlReply.State r -> snapshot(out, r.snapshot());
                case ControlReply.Console r -> {
                    out.writeStringField("console", r.domain());
                    out.writeBooleanField("input", r.input());
                }
                case ControlReply.AuditHead r -> {
                    out.writeObjectFieldStart("audit");
                    out.writeNumberField("records", r.records());
                    out.writeStringField("hash", r.hash());
                    out.writeEndObject();
                }
                case ControlReply.Failed r -> {
                    out.writeStringField("code", r.code());
                    out.writeStringField("error", r.error());
                }
            }
        });
    }

    private static void snapshot(JsonGenerator out, Snapshot s) throws IOException {
        out.writeObjectFieldStart("snapshot");
        out.writeStringField("policy", s.policy());
        out.writeStringField("policyDigest", s.policyDigest());
        out.writeNumberField("pid", s.pid());
        out.writeNumberField("uptimeMillis", s.uptimeMillis());
        out.writeBooleanField("granting", s.granting());
        out.writeNumberField("auditRecords", s.auditRecords());
        out.writeStringField("auditHash", s.auditHash());
        out.writeArrayFieldStart("domains");
        for (Snapshot.DomainView d : s.domains()) {
            domain(out, d);
        }
        out.writeEndArray();
        out.writeArrayFieldStart("flows");
        for (Snapshot.FlowView f : s.flows()) {
            flow(out, f);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void domain(JsonGenerator out, Snapshot.DomainView d) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", d.name());
        out.writeStringField("id", d.id());
        out.writeStringField("label", d.label());
        out.writeStringField("state", d.state());
        out.writeNumberField("pid", d.pid());
        out.writeStringField("engine", d.engine());
        out.writeNumberField("exits", d.exits());
        out.writeNumberField("exitsPerSecond", d.exitsPerSecond());
        out.writeObjectFieldStart("exitsByKind");
        for (Map.Entry<String, Long> kind : new TreeMap<>(d.exitsByKind()).entrySet()) {
            out.writeNumberField(kind.getKey(), kind.getValue());
        }
        out.writeEndObject();
        out.writeNumberField("emulatedInstructions", d.emulatedInstructions());
        out.writeNumberField("uptimeMillis", d.uptimeMillis());
        out.writeNumberField("startNanos", d.startNanos());
        out.writeNumberField("refusals", d.refusals());
        out.writeNumberField("violations", d.violations());
        out.writeNumberField("restarts", d.restarts());
        out.writeNumberField("exitCode", d.exitCode());
        out.writeStringField("note", d.note());
        out.writeArrayFieldStart("verdicts");
        for (Snapshot.GateView verdict : d.verdicts()) {
            out.writeStartObject();
            out.writeStringField("gate", verdict.gate());
            out.writeStringField("outcome", verdict.outcome());
            out.writeStringField("reason", verdict.reason());
            out.writeStringField("at", verdict.at());
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void flow(JsonGenerator out, Snapshot.FlowView f) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", f.name());
        out.writeStringField("from", f.from());
        out.writeStringField("to", f.to());
        out.writeStringField("kind", f.kind());
        out.writeStringField("state", f.state());
        out.writeNumberField("openings", f.openings());
        out.writeNumberField("units", f.units());
        out.writeNumberField("unitsPerSecond", f.unitsPerSecond());
        out.writeNumberField("refused", f.refused());
        out.writeNumberField("reverse", f.reverse());
        out.writeNumberField("tokens", f.limits().tokens());
        out.writeNumberField("burst", f.limits().burst());
        out.writeNumberField("quota", f.limits().quota());
        out.writeNumberField("quotaUsed", f.limits().quotaUsed());
        out.writeNumberField("quotaEndsMillis", f.limits().quotaEndsMillis());
        out.writeStringField("note", f.note());
        out.writeEndObject();
    }
}
